// Package browser drives a headless Chromium as far as looking at a page takes: by
// the DevTools protocol, over a pipe. It clicks on nothing.
package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
)

// Program is the browser that is run.
const Program = "chromium"

// Browser is a running one.
type Browser struct {
	command *exec.Cmd
	profile string
	to      *os.File
	ended   chan struct{}

	mutex   sync.Mutex
	calls   int
	answers map[int]chan message
	pages   map[string]*Page
}

// message is one of the DevTools protocol: a call, its answer or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start starts the browser. It runs until Close.
func Start() (*Browser, error) {
	profile, err := os.MkdirTemp("", "weeder-browser")
	if err != nil {
		return nil, fmt.Errorf("make a profile for %s: %w", Program, err)
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe to %s: %w", Program, err)
	}
	defer theirs.Close()
	from, theirEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe from %s: %w", Program, err)
	}
	defer theirEnd.Close()

	args := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + profile, "--hide-scrollbars", "--disable-gpu",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-extensions",
		"--disable-dev-shm-usage", "--force-color-profile=srgb", "--font-render-hinting=none",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	b := &Browser{
		command: exec.Command(Program, append(args, "about:blank")...), profile: profile, to: to, ended: make(chan struct{}),
		answers: map[int]chan message{}, pages: map[string]*Page{},
	}
	// They are its file descriptors 3 and 4.
	b.command.ExtraFiles = []*os.File{theirs, theirEnd}
	if err := b.command.Start(); err != nil {
		_ = to.Close()
		_ = from.Close()
		return nil, errors.Join(fmt.Errorf("start %s: %w", Program, err), os.RemoveAll(profile))
	}
	go b.listen(from)
	return b, nil
}

// Close ends the browser and waits until all that it left is gone.
func (b *Browser) Close() error {
	// It ends when nobody talks to it any more.
	_ = b.to.Close()
	<-b.ended
	_ = b.command.Wait()
	return os.RemoveAll(b.profile)
}

// listen hands on what the browser says until it ends.
func (b *Browser) listen(from *os.File) {
	defer close(b.ended)
	defer from.Close()
	reader := bufio.NewReader(from)
	for {
		text, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var heard struct {
			message
			Params json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(text[:len(text)-1], &heard); err != nil {
			continue
		}
		b.mutex.Lock()
		answer, page := b.answers[heard.ID], b.pages[heard.Session]
		delete(b.answers, heard.ID)
		b.mutex.Unlock()
		switch {
		case answer != nil:
			answer <- heard.message
		case page != nil:
			page.hear(heard.Method, heard.Params)
		}
	}
}

// call calls a method and decodes its answer into result, unless that is nil.
func (b *Browser) call(ctx context.Context, session, method string, params, result any) error {
	answer := make(chan message, 1)
	b.mutex.Lock()
	b.calls++
	id := b.calls
	b.answers[id] = answer
	text, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: params})
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	b.mutex.Unlock()
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}

	select {
	case answered := <-answer:
		if answered.Error != nil {
			return fmt.Errorf("call %s: %s", method, answered.Error.Message)
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(answered.Result, result); err != nil {
			return fmt.Errorf("decode answer to %s: %w", method, err)
		}
		return nil
	case <-b.ended:
		return fmt.Errorf("call %s: %s has ended", method, Program)
	case <-ctx.Done():
		return fmt.Errorf("call %s: %w", method, ctx.Err())
	}
}
