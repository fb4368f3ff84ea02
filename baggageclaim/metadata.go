package baggageclaim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The metadata files of a volume.
const (
	ttlFile        = "ttl.json"
	propertiesFile = "properties.json"
	privilegedFile = "privileged.json"
	parentLink     = "parent"
)

// metadataLimit bounds what is read of a metadata file, in bytes. A ttl.json
// has 40, a resource cache's properties.json some 500.
const metadataLimit = 64 << 10

// What no ttl.json that baggageclaim wrote goes beyond, in seconds.
const (
	maxTTL       = 36525 * 24 * 60 * 60 // a hundred years
	maxExpiresAt = 253402300799         // the end of the year 9999
)

// wholeNumber is a number of a JSON object that must not be given twice.
type wholeNumber struct {
	given bool
	value int64
}

// UnmarshalJSON refuses fractions, strings and null.
func (n *wholeNumber) UnmarshalJSON(text []byte) error {
	if n.given {
		return errors.New("field is given twice")
	}
	value, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("%.40s is not a whole number", text)
	}
	n.given, n.value = true, value
	return nil
}

// ttlRecord is what a ttl.json holds, both in seconds.
type ttlRecord struct {
	TTL       wholeNumber `json:"ttl"`
	ExpiresAt wholeNumber `json:"expires_at"`
}

// decodeTTL decodes a ttl.json: a TTL in seconds, zero for ever, and the Unix
// time at which it ends or, of a TTL of zero, at which it was written. That
// time is zero when it is not given, which only a TTL of zero allows.
func decodeTTL(data []byte) (ttl time.Duration, expiresAt time.Time, err error) {
	file, ok := scanTTL(data)
	if !ok {
		var other ttlRecord
		if err := decodeFirst(data, &other); err != nil {
			return 0, time.Time{}, err
		}
		file = other
	}

	seconds, end := file.TTL.value, file.ExpiresAt.value
	switch {
	case !file.TTL.given:
		return 0, time.Time{}, errors.New("no ttl in it")
	case seconds < 0 || seconds > maxTTL:
		return 0, time.Time{}, fmt.Errorf("a ttl of %d seconds can't be", seconds)
	case !file.ExpiresAt.given && seconds > 0:
		return 0, time.Time{}, errors.New("no expires_at in it")
	case !file.ExpiresAt.given:
		return 0, time.Time{}, nil
	case end <= 0 || end > maxExpiresAt || end < seconds:
		return 0, time.Time{}, fmt.Errorf("an expires_at of %d can't be", end)
	}
	return time.Duration(seconds) * time.Second, time.Unix(end, 0).UTC(), nil
}

// scanTTL decodes a ttl.json that looks exactly as baggageclaim writes it, as
// decodeFirst would: a pass reads one for each volume, and encoding/json adds
// half as much again to the time of reading it.
func scanTTL(data []byte) (ttlRecord, bool) {
	ttl, rest, ok := scanNumber(data, `{"ttl":`)
	if !ok {
		return ttlRecord{}, false
	}
	expiresAt, rest, ok := scanNumber(rest, `,"expires_at":`)
	if !ok || len(rest) == 0 || rest[0] != '}' {
		return ttlRecord{}, false
	}
	return ttlRecord{TTL: wholeNumber{true, ttl}, ExpiresAt: wholeNumber{true, expiresAt}}, true
}

// scanNumber reads the digits behind a prefix, where they are a JSON number
// that can't overflow.
func scanNumber(data []byte, prefix string) (number int64, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(data, []byte(prefix))
	if !ok {
		return 0, nil, false
	}
	digits := 0
	for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
		number = number*10 + int64(rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 18 || digits > 1 && rest[0] == '0' {
		return 0, nil, false
	}
	return number, rest[digits:], true
}

// decodeProperties decodes a properties.json. A volume made without any
// properties has null in it.
func decodeProperties(data []byte) (map[string]string, error) {
	var properties map[string]string
	if err := decodeFirst(data, &properties); err != nil {
		return nil, err
	}
	return properties, nil
}

// decodeFirst decodes the first JSON value in data and ignores what follows:
// baggageclaim used to overwrite metadata in place without cutting it off, so
// that the end of a longer value stays behind a shorter one.
func decodeFirst(data []byte, value any) error {
	err := json.NewDecoder(bytes.NewReader(data)).Decode(value)
	if errors.Is(err, io.EOF) {
		return errors.New("no JSON value in it")
	}
	return err
}

// readMetadata reads a metadata file of a volume, up to metadataLimit. The
// bytes are good until the next call.
func (d *disk) readMetadata(path string) ([]byte, error) {
	if d.buffer == nil {
		d.buffer = make([]byte, metadataLimit)
	}

	// Without os.File, which would have a poller watch each file. O_NONBLOCK,
	// since opening a named pipe would wait for its other end.
	file, size := -1, 0
	err := uninterrupted(func() (err error) {
		file, err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(file)

	err = uninterrupted(func() (err error) {
		size, err = unix.Read(file, d.buffer)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return d.buffer[:size], nil
}

// uninterrupted repeats a system call for as long as signals interrupt it, as
// package os does.
func uninterrupted(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
