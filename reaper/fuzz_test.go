package reaper_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// FuzzPropertyReferences reads any two properties: without a panic, always
// alike, and without a handle that could lead out of the volumes directory.
func FuzzPropertyReferences(f *testing.F) {
	var properties map[string]string
	decodeRecorded(f, "guardian/properties.json", &properties)
	f.Add(properties[reaper.VolumesProperty], properties[reaper.VolumeMountsProperty])
	var containers map[string]map[string]string
	decodeRecorded(f, "incident/container-properties.json", &containers)
	for _, properties := range containers {
		f.Add(properties[reaper.VolumesProperty], properties[reaper.VolumeMountsProperty])
	}
	for _, volumes := range []string{``, `null`, `[]`, `["a","a"]`, `["..","/","\u0000","",null]`, `["a"]]`, `[1]`} {
		for _, mounts := range []string{``, `null`, `{"a":"/a"}`, `{"..":"/","":""}`, `{"a":1}`, `{`} {
			f.Add(volumes, mounts)
		}
	}

	f.Fuzz(func(t *testing.T, volumes, mounts string) {
		g := NewWithT(t)
		properties := map[string]string{reaper.VolumesProperty: volumes, reaper.VolumeMountsProperty: mounts}
		references, doubts := reaper.PropertyReferences(properties)
		again, doubtsAgain := reaper.PropertyReferences(properties)
		g.Expect(again).To(Equal(references))
		g.Expect(doubtsAgain).To(Equal(doubts))

		named, roots := map[string]bool{}, 0
		for _, reference := range references {
			g.Expect(reaper.SafeVolumeHandle(reference.Volume)).To(BeTrue(), "%q", reference.Volume)
			g.Expect(named).NotTo(HaveKey(reference.Volume))
			g.Expect(reference.Source).To(Equal(reaper.SourceProperties))
			named[reference.Volume] = true
			if reference.Root {
				roots++
			}
		}
		g.Expect(roots).To(BeNumerically("<=", 1))
		for _, doubt := range doubts {
			named[doubt.Volume] = true
		}

		// What is named is either referred to or doubted, never lost.
		var list []string
		if json.Unmarshal([]byte(volumes), &list) != nil {
			g.Expect(codes(doubts)).To(ContainElement(reaper.PropertiesMalformed))
			return
		}
		for _, handle := range list {
			g.Expect(named).To(HaveKey(handle))
		}
	})
}

// FuzzDecodeSpec reads any bytes as a spec: without a panic, always alike, and
// nothing that was cut short.
func FuzzDecodeSpec(f *testing.F) {
	for _, name := range []string{"guardian/depot-config.json", "concourse-containerd/bundle-modern-2-config.json"} {
		content := readRecorded(f, name)
		f.Add(content)
		f.Add(content[:len(content)/2])
	}
	for _, seed := range []string{``, `{}`, `null`, `{"ociVersion":"1.0.0","root":{"path":"/volumes/live/../volume"}}`,
		`{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":[{"type":"bind","source":"/volumes/live//volume"},null]}`} {
		f.Add([]byte(seed))
	}

	// It gives handles of any kind, as a careless reader of paths would.
	under := func(path string) (string, bool) {
		_, rest, found := strings.Cut(path, "/live/")
		return strings.TrimSuffix(rest, "/volume"), found && strings.HasPrefix(path, "/other")
	}

	f.Fuzz(func(t *testing.T, data []byte) {
		g := NewWithT(t)
		spec, err := reaper.DecodeSpec(data)
		again, errAgain := reaper.DecodeSpec(data)
		g.Expect(again).To(Equal(spec))
		g.Expect(errAgain == nil).To(Equal(err == nil))
		if err != nil {
			g.Expect(spec).To(BeZero())
			return
		}

		g.Expect(spec.Root).NotTo(BeEmpty())
		whole := bytes.TrimRight(data, " \t\r\n")
		_, err = reaper.DecodeSpec(whole[:len(whole)-1])
		g.Expect(err).To(HaveOccurred())

		references, _ := reaper.SpecReferences(spec, reaper.SourceBundle, under)
		for _, reference := range references {
			g.Expect(reaper.SafeVolumeHandle(reference.Volume)).To(BeTrue(), "%q", reference.Volume)
		}
	})
}

func readRecorded(f *testing.F, name string) []byte {
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	return content
}

func decodeRecorded(f *testing.F, name string, into any) {
	if err := json.Unmarshal(readRecorded(f, name), into); err != nil {
		f.Fatal(err)
	}
}
