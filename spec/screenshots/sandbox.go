package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// sandbox is a running one.
type sandbox struct {
	Target, Baggageclaim, Control, Volumes string

	place   string
	command *exec.Cmd
}

// body is a JSON object for the control API.
type body map[string]any

// startSandbox starts a worker without containers.
func startSandbox(ctx context.Context, program string) (*sandbox, error) {
	place, err := os.MkdirTemp("", "weeder-screenshots")
	if err != nil {
		return nil, fmt.Errorf("make a place for the sandbox: %w", err)
	}
	ready := filepath.Join(place, "ready")
	s := &sandbox{place: place, command: exec.Command(program, "--containers", "0", "--leaked", "0",
		"--dir", filepath.Join(place, "worker"), "--ready-file", ready)}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w: run make build", err)
	}
	for {
		text, err := os.ReadFile(ready)
		if err == nil && json.Unmarshal(text, s) == nil {
			return s, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			s.close()
			return nil, fmt.Errorf("wait for the sandbox: %w", ctx.Err())
		}
	}
}

func (s *sandbox) close() {
	_ = s.command.Process.Signal(os.Interrupt)
	_ = s.command.Wait()
	_ = os.RemoveAll(s.place)
}

// tell calls the control API.
func (s *sandbox) tell(ctx context.Context, method, path string, said body) error {
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.Control+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s", method, path, answer)
	}
	return err
}
