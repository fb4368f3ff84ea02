package console

import (
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// Watch looks after the terminal where this program is stopped, goes on, or the
// window is resized: the channel gets to know of the latter two. The function
// ends it, and waits for that.
func (t *Terminal) Watch() (<-chan struct{}, func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGWINCH, unix.SIGCONT, unix.SIGTSTP)
	resized, quit := make(chan struct{}, 1), make(chan struct{})

	var over sync.WaitGroup
	over.Go(func() {
		defer t.Guard()
		for {
			select {
			case got := <-signals:
				t.heed(got, resized)
			case <-quit:
				return
			}
		}
	})
	return resized, func() {
		signal.Stop(signals)
		close(quit)
		over.Wait()
	}
}

func (t *Terminal) heed(got os.Signal, resized chan<- struct{}) {
	switch got {
	case unix.SIGTSTP:
		// From outside: typed, it is the process's.
		t.lend()
		_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
		return
	case unix.SIGCONT:
		t.resume()
	}
	select {
	case resized <- struct{}{}:
	default:
	}
}
