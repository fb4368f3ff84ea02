package simulation

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/lager/v3"

	"weeder/journal"
	"weeder/reaper"
)

// recorder is the journal, on a disk that may be full.
type recorder struct{ *life }

func (r recorder) Record(event reaper.Event) error {
	w := r.world
	w.mutex.Lock()
	dead, full := r.dead, w.on(diskFull) && w.fills() != "memory"
	w.mutex.Unlock()
	if dead {
		return errKilled
	}
	err := error(&os.PathError{Op: "write", Path: journal.FileName, Err: syscall.ENOSPC})
	if !full {
		err = r.journal.Record(event)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if err == nil {
		w.watch.recorded = append(w.watch.recorded, event)
	} else if !full {
		w.violate("the journal can't be written: %v", err)
	} else {
		r.unlogged[unloggedKey(event.Name, event.Handle)]++
	}
	w.happened(r.life, event, err == nil)
	return err
}

func unloggedKey(name reaper.EventName, handle string) string {
	return string(name) + " " + handle
}

// fills tells what a full disk takes: the journal, the memory or both.
func (w *world) fills() string {
	return pick(w.dice.of("fills"), "journal", "memory", "both")
}

// sink sees to it that what the journal lacks is in the log.
type sink struct{ *life }

func (s sink) Log(line lager.LogFormat) {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	if s.world.tracing() {
		s.world.trace("  log %s %v", line.Message, line.Data)
	}
	if s.dead || !strings.HasSuffix(line.Message, ".failed-to-write-journal") {
		return
	}
	name, _ := line.Data["event"].(reaper.EventName)
	handle, _ := line.Data["handle"].(string)
	key := unloggedKey(name, handle)
	if s.unlogged[key] == 0 {
		s.world.violate("the log tells of %q that the journal lacks, and it does not", key)
		return
	}
	if s.unlogged[key]--; s.unlogged[key] == 0 {
		delete(s.unlogged, key)
	}
}

// keeper keeps the daemon's memory, on a disk that may be full.
type keeper struct{ *life }

func (k keeper) Keep(memory reaper.Past) error {
	w := k.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch {
	case k.dead:
		return errKilled
	case w.on(diskFull) && w.fills() != "journal":
		return syscall.ENOSPC
	}
	w.keep.Past = memory
	k.keptAt = w.now()
	w.kept(k.life)
	return nil
}

// Forget takes the memory away: that needs no place on a disk.
func (k keeper) Forget() error {
	w := k.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if k.dead {
		return errKilled
	}
	w.keep = past{}
	return nil
}

// entry is a line of the journal, as far as the simulation needs it.
type entry struct {
	Time    time.Time        `json:"time"`
	Event   reaper.EventName `json:"event"`
	Handle  string           `json:"handle"`
	Reasons []reaper.Reason  `json:"reasons"`
	Error   string           `json:"error"`
}

// entries reads the journal, rotated files included.
func (w *world) entries() ([]entry, error) {
	files, err := filepath.Glob(filepath.Join(w.dir, journal.FileName+"*"))
	if err != nil {
		return nil, fmt.Errorf("find journal: %w", err)
	}
	// The longest name is that of the oldest, the current file's the shortest.
	slices.SortFunc(files, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(b, a)
	})
	var entries []entry
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open journal: %w", err)
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			var e entry
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				entries = append(entries, e)
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
	}
	return entries, nil
}

// dangling are the handles whose destroy the journal leaves open.
func (w *world) dangling() []string {
	entries, err := w.entries()
	if err != nil {
		w.violate("%v", err)
	}
	open := map[string]bool{}
	for _, e := range entries {
		switch e.Event {
		case reaper.EventDestroying:
			open[e.Handle] = true
		case reaper.EventDestroyed, reaper.EventDestroyFailed:
			delete(open, e.Handle)
		}
	}
	var handles []string
	for handle := range open {
		handles = append(handles, handle)
	}
	slices.Sort(handles)

	told, err := journal.Dangling(w.dir)
	if slices.Sort(told); err != nil || !slices.Equal(told, handles) {
		w.violate("the journal says that the destroys of %v were left open, those of %v were: %v", told, handles, err)
	}
	return told
}

// tear leaves half a line in the journal, as a kill in the middle of a write
// does.
func (w *world) tear() {
	if !w.dice.of("tear", int(w.now())).chance(0.2) {
		return
	}
	name := filepath.Join(w.dir, journal.FileName)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil {
		_, err = file.WriteString(`{"time":"2000-01-01T0`)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		w.violate("tear journal: %v", err)
	}
}
