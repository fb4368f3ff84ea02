package console

import (
	"fmt"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

// tell has the process told how far its ending has come. Garden knows of two
// signals alone, and never says what became of one.
//
// A signal goes along with stdin, where Garden does not see it behind the end
// of stdin, after which it reads no more, nor behind input that the process
// does not read. Then another connection carries it. It is not the only way,
// since Concourse's own Garden gives the output to who attached last. For Kill
// it does not matter if it comes twice, or what is printed after it.
func (s *session) tell() {
	if s.process == nil {
		return
	}
	var signal garden.Signal
	switch s.ending {
	case terminated:
		signal = garden.SignalTerminate
	case killed:
		signal = garden.SignalKill
	default:
		return
	}

	clear := s.input.clear()
	if clear {
		s.send(func() {
			err := s.process.Signal(signal)
			// Its end may have come before the signal meanwhile.
			if err != nil || !s.input.clear() {
				s.tellElsewhere(signal)
			}
		})
	}
	if !clear || signal == garden.SignalKill {
		s.send(func() { s.tellElsewhere(signal) })
	}
}

// tellElsewhere sends a signal on a connection of its own, which stays until
// the session's end: its end would end the process's stdin on some backends.
func (s *session) tellElsewhere(signal garden.Signal) {
	other := connection.NewWithHijacker(s.console.Garden(s.ctx), s.console.Logger)
	process, err := other.Attach(s.console.Handle, s.process.ID(), garden.ProcessIO{})
	if err == nil {
		err = process.Signal(signal)
	}
	if err == nil {
		return
	}
	select {
	case s.failed <- fmt.Errorf("reach process %s: %w", s.process.ID(), err):
	default:
	}
}

// resize tells the process of the window's size, now and whenever it changes.
func (s *session) resize() {
	for {
		if size := s.console.Size(); size != nil {
			// Without an answer; where it fails the session is over.
			_ = s.process.SetTTY(garden.TTYSpec{WindowSize: size})
		}
		select {
		case <-s.console.Resized:
		case <-s.ctx.Done():
			return
		}
	}
}
