package main

import (
	"fmt"
	"sync"
	"time"
)

// progressAfter is how long a person waits before being told how far it is.
const progressAfter = time.Second

// progress rewrites one line on stderr, if that is a terminal, once something
// takes longer than progressAfter.
type progress struct {
	app  *app
	quit chan struct{}
	over sync.WaitGroup

	mutex    sync.Mutex
	done, of int
}

func startProgress(app *app, of int) *progress {
	p := &progress{app: app, quit: make(chan struct{}), of: of}
	if app.terminal.stderr {
		p.over.Go(p.show)
	}
	return p
}

func (p *progress) update(done, of int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.done, p.of = done, of
}

func (p *progress) stop() {
	close(p.quit)
	p.over.Wait()
}

func (p *progress) show() {
	ticker := time.NewTicker(progressAfter)
	defer ticker.Stop()
	started, shown := time.Now(), false
	for {
		select {
		case <-p.quit:
			if shown {
				fmt.Fprint(p.app.stderr, "\r\x1b[K")
			}
			return
		case now := <-ticker.C:
			p.mutex.Lock()
			done, of := p.done, p.of
			p.mutex.Unlock()
			fmt.Fprintf(p.app.stderr, "\r\x1b[Kdestroying: done with %d of %d, %s", done, of, short(now.Sub(started)))
			shown = true
		}
	}
}
