package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// worker is a sandbox that serves.
type worker struct {
	Target, Baggageclaim, Control, Volumes string

	process *exec.Cmd
	dir     string
	http    *http.Client
}

// leaked are so many containers of a worker as it was in the incident of 2016.
const leaked = 45

// startWorker starts a sandbox with so many containers, leaked ones among them.
func (b *bench) startWorker(containers, leaked int) (*worker, error) {
	dir, err := os.MkdirTemp(b.place, "worker")
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "ready")
	w := &worker{dir: dir, http: &http.Client{Timeout: time.Minute}}
	w.process = exec.Command(b.tool("sandbox"), "--dir", filepath.Join(dir, "worker"), "--ready-file", ready, "--no-incident",
		"--containers", fmt.Sprint(containers), "--leaked", fmt.Sprint(leaked), "--max-containers", fmt.Sprint(max(containers, 1000)))
	w.process.Stderr = os.Stderr
	if err := w.process.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline) && b.ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(ready); err == nil {
			return w, json.Unmarshal(data, w)
		}
	}
	w.stop()
	return nil, errors.New("the sandbox did not start")
}

func (w *worker) stop() {
	_ = w.process.Process.Signal(os.Interrupt)
	_ = w.process.Wait()
}

// weeder is a weeder that looks at this worker, through another address where
// one is given.
func (w *worker) weeder(b *bench, target string, args ...string) *exec.Cmd {
	if target == "" {
		target = w.Target
	}
	return exec.Command(b.tool("weeder"), append([]string{"--target", target, "--volumes", w.Volumes,
		"--baggageclaim", w.Baggageclaim, "--containerd", "", "--journal", filepath.Join(w.dir, "journal")}, args...)...)
}

// calls are those to Garden since the last time, by kind.
func (w *worker) calls() (counts map[string]int, byHandle map[string]map[string]int, err error) {
	var answer struct {
		Counts  map[string]int
		Handles map[string]map[string]int
	}
	if err := w.control(http.MethodGet, "/calls", nil, &answer); err != nil {
		return nil, nil, err
	}
	return answer.Counts, answer.Handles, nil
}

func (w *worker) forgetCalls() error { return w.control(http.MethodDelete, "/calls", nil, nil) }

// control asks the sandbox's control API.
func (w *worker) control(method, path string, body, answer any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, "http://"+w.Control+path, &sent)
	if err != nil {
		return err
	}
	reply, err := w.http.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, reply.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
