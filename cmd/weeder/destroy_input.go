package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// fromStdin stands for the handles that stdin names.
const fromStdin = "-"

// readHandles has stdin's handles in the place of each -, and each handle once.
func (a *app) readHandles(given []string) ([]string, error) {
	var read []string
	if slices.Contains(given, fromStdin) {
		text, err := a.readAll()
		if err != nil {
			return nil, err
		}
		read = strings.Fields(text)
	}

	var handles []string
	seen := map[string]bool{}
	for _, word := range given {
		words := []string{word}
		if word == fromStdin {
			words = read
		}
		for _, handle := range words {
			if !seen[handle] {
				seen[handle] = true
				handles = append(handles, handle)
			}
		}
	}
	return handles, nil
}

// readAll reads stdin to its end. A read can't be called off, so an interrupt
// leaves it behind for the process's end, which follows.
func (a *app) readAll() (string, error) {
	type answer struct {
		text []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		text, err := io.ReadAll(a.stdin)
		read <- answer{text, err}
	}()
	select {
	case all := <-read:
		if all.err != nil {
			return "", fmt.Errorf("read handles from stdin: %w", all.err)
		}
		return string(all.text), nil
	case <-a.ctx.Done():
		return "", errors.New("interrupted")
	}
}

// untilHurried is a context that the second interrupt ends: the first ends the
// app's own.
func (a *app) untilHurried() (context.Context, func()) {
	const patience = 2

	signals := make(chan os.Signal, patience)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.WithoutCancel(a.ctx))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for range patience {
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	})
	return ctx, func() {
		signal.Stop(signals)
		cancel()
		waiting.Wait()
	}
}
