package main

import (
	"encoding/json"
	"os"
	"syscall"
	"time"
)

// pass is what one of them took.
type pass struct {
	Wall time.Duration `json:"wall"`
	// CPU is that of the whole process since the pass before.
	CPU time.Duration `json:"cpu"`
}

// reader reads the volumes.
type reader func(volumes string, referenced map[string]bool) (there, expiring int, err error)

func seen(target, volumes string, interval time.Duration, read reader) error {
	garden := "http://" + target
	handles, err := list(garden)
	if err != nil {
		return err
	}
	refers, err := referenced(garden, volumes, handles)
	if err != nil {
		return err
	}

	out := json.NewEncoder(os.Stdout)
	used := cpu()
	for {
		began := time.Now()
		if _, err := list(garden); err != nil {
			return err
		}
		if _, _, err := read(volumes, refers); err != nil {
			return err
		}
		took, now := time.Since(began), cpu()
		if err := out.Encode(pass{Wall: took, CPU: now - used}); err != nil {
			return err
		}
		used = now
		time.Sleep(interval)
	}
}

// cpu is what the process has used so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
