package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// confirm asks a question on the terminal, to which all but yes is no.
func (a *app) confirm(format string, args ...any) (bool, error) {
	if _, err := fmt.Fprintf(a.stderr, format+" [y/N] ", args...); err != nil {
		return false, fmt.Errorf("ask on the terminal: %w", err)
	}
	answer, err := a.answer()
	if err != nil {
		return false, err
	}
	word := strings.ToLower(strings.TrimSpace(answer))
	return word == "y" || word == "yes", nil
}

// answer reads one line from the terminal. A read can't be called off, so an
// interrupt leaves it behind for the process's end, which follows.
func (a *app) answer() (string, error) {
	read := make(chan string, 1)
	go func() {
		defer close(read)
		if line, err := bufio.NewReader(a.stdin).ReadString('\n'); err == nil {
			read <- line
		}
	}()
	select {
	case line, answered := <-read:
		if !answered {
			return "", errors.New("no answer")
		}
		return line, nil
	case <-a.ctx.Done():
		fmt.Fprintln(a.stderr)
		return "", errors.New("interrupted")
	}
}
