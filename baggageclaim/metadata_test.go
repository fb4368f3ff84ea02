package baggageclaim_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
)

var _ = Describe("ttl.json", func() {
	DescribeTable("is decoded",
		func(data string, ttl time.Duration, expiresAt int64) {
			gotTTL, gotExpiresAt, err := baggageclaim.DecodeTTL([]byte(data))
			Expect(err).NotTo(HaveOccurred())
			Expect(gotTTL).To(Equal(ttl))
			if expiresAt == 0 {
				Expect(gotExpiresAt).To(BeZero())
			} else {
				Expect(gotExpiresAt).To(Equal(time.Unix(expiresAt, 0).UTC()))
			}
		},
		Entry("as baggageclaim writes it", `{"ttl":300,"expires_at":1795211917}`+"\n", 5*time.Minute, int64(1795211917)),
		Entry("with the incident's stray brace", "{\"ttl\":0,\"expires_at\":1477060154}\n}\n", time.Duration(0), int64(1477060154)),
		Entry("with digits of a longer one behind it", `{"ttl":5,"expires_at":1795211917}`+"\n7}\n", 5*time.Second, int64(1795211917)),
		Entry("with anything behind it", `{"ttl":5,"expires_at":1795211917}`+"\x00{\"ttl\":7}", 5*time.Second, int64(1795211917)),
		Entry("with space", " {\t\"ttl\" : 5 ,\n \"expires_at\" : 1795211917 } ", 5*time.Second, int64(1795211917)),
		Entry("in another order", `{"expires_at":1795211917,"ttl":5}`, 5*time.Second, int64(1795211917)),
		Entry("with more in it", `{"ttl":5,"expires_at":1795211917,"more":{"ttl":7}}`, 5*time.Second, int64(1795211917)),
		Entry("for ever, without a time", `{"ttl":0}`, time.Duration(0), int64(0)),
		Entry("of a hundred years", `{"ttl":3155760000,"expires_at":253402300799}`, 876600*time.Hour, int64(253402300799)),
		Entry("written in 1970", `{"ttl":5,"expires_at":5}`, 5*time.Second, int64(5)),
	)

	DescribeTable("is refused",
		func(data, expected string) {
			ttl, expiresAt, err := baggageclaim.DecodeTTL([]byte(data))
			Expect(err).To(MatchError(ContainSubstring(expected)))
			Expect(ttl).To(BeZero())
			Expect(expiresAt).To(BeZero())
		},
		Entry("when empty", "", "no JSON value in it"),
		Entry("when blank", " \n", "no JSON value in it"),
		Entry("when cut short", `{"ttl":0,"expires_at":14770`, "unexpected EOF"),
		Entry("when cut short before the brace", `{"ttl":0,"expires_at":1477060154`, "unexpected EOF"),
		Entry("when null", "null", "no ttl in it"),
		Entry("when an empty object", "{}", "no ttl in it"),
		Entry("when an array", `[{"ttl":0,"expires_at":1477060154}]`, "cannot unmarshal array"),
		Entry("when a string", `"ttl"`, "cannot unmarshal string"),
		Entry("when a number", "300", "cannot unmarshal number"),
		Entry("without a ttl", `{"expires_at":1477060154}`, "no ttl in it"),
		Entry("without an expires_at", `{"ttl":300}`, "no expires_at in it"),
		Entry("with a null ttl", `{"ttl":null,"expires_at":1477060154}`, "null is not a whole number"),
		Entry("with a null expires_at", `{"ttl":0,"expires_at":null}`, "null is not a whole number"),
		Entry("with a string for a ttl", `{"ttl":"300","expires_at":1477060154}`, `"300" is not a whole number`),
		Entry("with a fraction", `{"ttl":0.5,"expires_at":1477060154}`, "0.5 is not a whole number"),
		Entry("with an exponent", `{"ttl":3e2,"expires_at":1477060154}`, "3e2 is not a whole number"),
		Entry("with two ttls", `{"ttl":0,"expires_at":1477060154,"ttl":300}`, "given twice"),
		Entry("with two ttls in two cases", `{"ttl":0,"expires_at":1477060154,"TTL":300}`, "given twice"),
		Entry("with two expires_at", `{"ttl":0,"expires_at":1477060154,"expires_at":1477060154}`, "given twice"),
		Entry("with a negative ttl", `{"ttl":-1,"expires_at":1477060154}`, "a ttl of -1 seconds can't be"),
		Entry("with a ttl beyond a hundred years", `{"ttl":3155760001,"expires_at":253402300799}`, "a ttl of 3155760001 seconds can't be"),
		Entry("with a ttl that overflows a duration", `{"ttl":9223372037,"expires_at":253402300799}`, "can't be"),
		Entry("with a ttl that overflows", `{"ttl":18446744073709551616,"expires_at":1477060154}`, "not a whole number"),
		Entry("with a leading zero", `{"ttl":0300,"expires_at":1477060154}`, "invalid character"),
		Entry("with an expires_at of zero", `{"ttl":300,"expires_at":0}`, "an expires_at of 0 can't be"),
		Entry("with an expires_at of zero and no end", `{"ttl":0,"expires_at":0}`, "an expires_at of 0 can't be"),
		Entry("with a negative expires_at", `{"ttl":300,"expires_at":-62135596500}`, "can't be"),
		Entry("with an expires_at beyond the year 9999", `{"ttl":300,"expires_at":253402300800}`, "can't be"),
		Entry("with an expires_at in milliseconds", `{"ttl":300,"expires_at":1477060154000}`, "can't be"),
		Entry("when written before 1970", `{"ttl":300,"expires_at":299}`, "an expires_at of 299 can't be"),
		Entry("when it is another file", `{"initialized":"yep"}`, "no ttl in it"),
	)
})

// FuzzTTL holds decodeTTL against encoding/json on the first value: a TTL that
// is zero there, above all, must be zero.
func FuzzTTL(f *testing.F) {
	for _, seed := range []string{
		"{\"ttl\":0,\"expires_at\":1477060154}\n}\n",
		"{\"ttl\":300,\"expires_at\":1795211917}\n",
		`{"ttl":36000,"expires_at":1795247175}7}`,
		`{"ttl":0}`, `{"ttl":0,"expires_at":0}`, `{"ttl":007,"expires_at":1}`, `{"ttl":-0,"expires_at":9}`,
		`{"ttl":5,"expires_at":1795211917,"TTL":7}`, `{"ttl":1e3,"expires_at":1795211917}`,
		`{"ttl":3155760001,"expires_at":253402300800}`, `{"ttl":9223372036854775808,"expires_at":1}`,
		`{"ttl":1,"expires_at":12345678901234567890}`, `{"ttl":1,"expires_at":2 }`, `{"ttl":1,"expires_at":2,}`,
		"", "null", "{}", "[]", `"`, "0", `{"ttl":`, `{"ttl":1,"expires_at":2`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ttl, expiresAt, err := baggageclaim.DecodeTTL(data)
		if err != nil {
			if ttl != 0 || !expiresAt.IsZero() {
				t.Fatalf("%s and %s beside error %q", ttl, expiresAt, err)
			}
		}

		var plain struct {
			TTL       *int64 `json:"ttl"`
			ExpiresAt *int64 `json:"expires_at"`
		}
		plainErr := json.NewDecoder(bytes.NewReader(data)).Decode(&plain)
		sound := plainErr == nil && plain.TTL != nil && *plain.TTL >= 0 && *plain.TTL <= 3155760000 &&
			(plain.ExpiresAt != nil && *plain.ExpiresAt > 0 && *plain.ExpiresAt <= 253402300799 && *plain.ExpiresAt >= *plain.TTL ||
				plain.ExpiresAt == nil && *plain.TTL == 0)
		switch {
		case err == nil && !sound:
			t.Fatalf("decoded what encoding/json does not: %v", plainErr)
		case err != nil && sound && !refusedFields(data):
			t.Fatalf("refused what encoding/json decodes: %v", err)
		case err != nil:
			return
		}
		if ttl != time.Duration(*plain.TTL)*time.Second {
			t.Fatalf("ttl is %s instead of %d s", ttl, *plain.TTL)
		}
		if plain.ExpiresAt != nil && expiresAt.Unix() != *plain.ExpiresAt || plain.ExpiresAt == nil && !expiresAt.IsZero() {
			t.Fatalf("expires at %s", expiresAt)
		}
	})
}

// refusedFields tells whether the first value, an object, has a field of ttl.json
// twice, or with null, which encoding/json takes for an absent one.
func refusedFields(data []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return false
	}
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return false
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return false
		}
		field := ""
		for _, known := range []string{"ttl", "expires_at"} {
			if bytes.EqualFold([]byte(name.(string)), []byte(known)) {
				field = known
			}
		}
		if field != "" && (seen[field] || string(value) == "null") {
			return true
		}
		seen[field] = true
	}
	return false
}

var _ = Describe("properties.json", func() {
	DescribeTable("is decoded",
		func(data string, expected map[string]string) {
			properties, err := baggageclaim.DecodeProperties([]byte(data))
			Expect(err).NotTo(HaveOccurred())
			Expect(properties).To(Equal(expected))
		},
		Entry("as baggageclaim writes it", `{"initialized":"yep"}`+"\n", map[string]string{"initialized": "yep"}),
		Entry("without any", "{}\n", map[string]string{}),
		Entry("made without any", "null\n", nil),
		Entry("with the end of a longer one behind it", `{"a":"b"}`+"\n\"c\"}\n", map[string]string{"a": "b"}),
	)

	DescribeTable("is refused",
		func(data string) {
			properties, err := baggageclaim.DecodeProperties([]byte(data))
			Expect(err).To(HaveOccurred())
			Expect(properties).To(BeNil())
		},
		Entry("when empty", ""),
		Entry("when cut short", `{"a":"b"`),
		Entry("when an array", `["a"]`),
		Entry("with a number", `{"a":"b","c":1}`),
	)
})

// FuzzProperties holds decodeProperties against encoding/json on the first
// value.
func FuzzProperties(f *testing.F) {
	for _, seed := range []string{
		"{\"initialized\":\"yep\"}\n", "null", "{}", "{}\n}", `{"a":"b","a":"c"}`, `{"a":1}`, `{"a":null}`, "", "[]", `{"a":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		properties, err := baggageclaim.DecodeProperties(data)
		if err != nil && properties != nil {
			t.Fatalf("%v beside error %q", properties, err)
		}
		if err != nil {
			return
		}

		var first json.RawMessage
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&first); err != nil {
			t.Fatalf("decoded what encoding/json does not: %v", err)
		}
		var plain map[string]string
		if err := json.Unmarshal(first, &plain); err != nil {
			t.Fatalf("decoded what encoding/json does not: %v", err)
		}
		if len(plain) != len(properties) {
			t.Fatalf("%v instead of %v", properties, plain)
		}
		for name, value := range plain {
			if properties[name] != value {
				t.Fatalf("%s is %q instead of %q", name, properties[name], value)
			}
		}
	})
}
