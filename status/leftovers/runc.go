package leftovers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// runcStateLimit is far above any state.json: they have about 30 kB.
const runcStateLimit = 4 << 20

// runcStates looks at the state directories of runc: those of Guardian, beside
// which others' may lie, and containerd's for Concourse's namespace.
func (s *scan) runcStates() Finding {
	c := s.collect(RuncStates)
	c.runcRoot(s.run("containerd/runc", s.Namespace), true)
	c.runcRoot(s.run("runc"), false)
	return c.finding()
}

// runcRoot looks at one directory of states. Where it is not Concourse's own, a
// state counts only if its bundle is in the depot or its init has ended: it is
// another program's container otherwise.
func (c *collection) runcRoot(place string, own bool) {
	found, there := c.entries(place)
	if !there {
		return
	}
	found, err := c.strangers(found)
	if err != nil {
		c.problem("%s: %v", place, err)
		return
	}
	for _, e := range found {
		state, running, err := c.runcState(e)
		switch {
		case err != nil && !own:
			c.problem("%v", err)
		case running && (own || c.inDepot(state.bundle())):
			c.take(e, fmt.Sprintf("its init, %d, still runs", state.PID))
		case own || !running:
			c.take(e, "")
		}
	}
	c.judged(place)
}

// runcState reads a state, and tells whether its init is running.
func (c *collection) runcState(e entry) (runcState, bool, error) {
	if e.mounted {
		return runcState{}, false, nil
	}
	state, err := readRuncState(filepath.Join(e.path, "state.json"))
	if err != nil || state.PID == 0 {
		return state, false, err
	}
	if _, err := c.everyProcess(); err != nil {
		return state, false, fmt.Errorf("%s: tell whether its init still runs: %w", e.path, err)
	}
	life, err := c.life(strconv.Itoa(state.PID))
	if err != nil {
		return state, false, ignoreEnded(err)
	}
	return state, !life.over && (state.Start == 0 || state.Start == life.ticks), nil
}

// runcState is what is needed of a state.json.
type runcState struct {
	// PID of init. Zero: it has none.
	PID int `json:"init_process_pid"`
	// Start of init, in ticks after the machine's.
	Start  uint64 `json:"init_process_start"`
	Config struct {
		Labels []string `json:"labels"`
	} `json:"config"`
}

func (s runcState) bundle() string {
	for _, label := range s.Config.Labels {
		if path, is := strings.CutPrefix(label, "bundle="); is {
			return path
		}
	}
	return ""
}

// readRuncState reads a state.json; one that is not there has no init.
func readRuncState(path string) (runcState, error) {
	// Without blocking, should it be a pipe.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return runcState{}, nil
	}
	if err != nil {
		return runcState{}, err
	}
	defer file.Close()
	var state runcState
	if err := json.NewDecoder(io.LimitReader(file, runcStateLimit)).Decode(&state); err != nil {
		return runcState{}, fmt.Errorf("decode %s: %w", path, err)
	}
	return state, nil
}
