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
	app *app
	// text says how far it is, after so long.
	text func(since time.Duration) string
	quit chan struct{}
	over sync.WaitGroup
}

// startProgress tells a person how far something is, until it is stopped. The
// text is asked for by another goroutine.
func startProgress(app *app, text func(since time.Duration) string) *progress {
	p := &progress{app: app, text: text, quit: make(chan struct{})}
	if app.terminal.stderr {
		p.over.Go(p.show)
	}
	return p
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
			fmt.Fprint(p.app.stderr, "\r\x1b[K", printable(p.text(now.Sub(started))))
			shown = true
		}
	}
}
