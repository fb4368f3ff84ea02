// Package journal keeps account of what weeder flagged and destroyed, as
// append-only JSON lines, so that a kill of the process at any moment leaves
// behind how far it was.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"weeder/reaper"
)

// FileName is the journal's file in its directory.
const FileName = "journal.jsonl"

// entry is one line of the journal.
type entry struct {
	Time         time.Time       `json:"time"`
	Event        string          `json:"event"`
	Handle       string          `json:"handle,omitempty"`
	Reasons      []reaper.Reason `json:"reasons,omitempty"`
	AgeSeconds   *float64        `json:"age_seconds"`
	GraceSeconds float64         `json:"grace_seconds"`
	Error        string          `json:"error,omitempty"`
}

// Journal appends to the journal of a directory. The directory and the file
// are made at the first event, so that looking leaves no trace. It is safe
// for use by several goroutines.
type Journal struct {
	dir string

	mutex sync.Mutex
	file  *os.File
	torn  bool
}

// New names the journal of a directory; nothing is opened yet.
func New(dir string) *Journal {
	return &Journal{dir: dir}
}

// Record appends an event with one write and syncs it.
func (j *Journal) Record(event reaper.Event) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()

	if j.file == nil {
		if err := j.open(); err != nil {
			return err
		}
	}
	line, err := encode(event)
	if err != nil {
		return err
	}
	if j.torn {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := j.file.Write(line); err != nil {
		j.torn = true
		return fmt.Errorf("append to journal: %w", err)
	}
	j.torn = false
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// Close closes the journal's file, if an event opened it.
func (j *Journal) Close() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

func (j *Journal) open() error {
	if err := os.MkdirAll(j.dir, 0o750); err != nil {
		return fmt.Errorf("make journal directory: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(j.dir, FileName), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}

	// A kill or a full disk may have cut the last line short; what follows
	// must not be glued to it.
	if end, err := file.Seek(0, io.SeekEnd); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := file.ReadAt(last, end-1); err == nil {
			j.torn = last[0] != '\n'
		}
	}
	j.file = file
	return nil
}

func encode(event reaper.Event) ([]byte, error) {
	line := entry{
		Time:         event.Time.UTC(),
		Event:        string(event.Name),
		Handle:       event.Handle,
		Reasons:      event.Reasons,
		GraceSeconds: event.Grace.Seconds(),
	}
	if event.Age > 0 {
		age := event.Age.Seconds()
		line.AgeSeconds = &age
	}
	if event.Err != nil {
		line.Error = event.Err.Error()
	}
	data, err := json.Marshal(line)
	if err != nil {
		return nil, fmt.Errorf("encode journal entry: %w", err)
	}
	return append(data, '\n'), nil
}

// Sightings are the orphans that a journal knows of.
type Sightings struct {
	first, cleared map[string]time.Time
}

// FirstSeen is when the container was flagged, if it was and has been neither
// cleared nor destroyed since; of one that was cleared, when that was: it has
// been no orphan for longer.
func (s Sightings) FirstSeen(handle string) (time.Time, bool) {
	if at, found := s.first[handle]; found {
		return at, true
	}
	at, found := s.cleared[handle]
	return at, found
}

// ReadSightings reads the first sightings from the journal of a directory. A
// journal that is not there has none. Lines that are no entries, such as a
// torn last one, are passed over.
func ReadSightings(dir string) (Sightings, error) {
	sightings := Sightings{first: map[string]time.Time{}, cleared: map[string]time.Time{}}
	file, err := os.Open(filepath.Join(dir, FileName))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return sightings, nil
	}
	if err != nil {
		return sightings, fmt.Errorf("open journal: %w", err)
	}
	defer file.Close()

	err = eachEntry(file, func(e entry) {
		switch e.Event {
		case "flagged":
			if _, found := sightings.first[e.Handle]; !found {
				sightings.first[e.Handle] = e.Time
			}
		case "cleared":
			delete(sightings.first, e.Handle)
			sightings.cleared[e.Handle] = e.Time
		case string(reaper.EventDestroyed):
			delete(sightings.first, e.Handle)
			delete(sightings.cleared, e.Handle)
		}
	})
	return sightings, err
}
