package bundle

import (
	"context"
	"errors"
	"sync"
	"time"

	"code.cloudfoundry.org/clock"
)

const (
	// readers decode bundles at once: that is most of the work of a first pass.
	readers = 2
	// tornWait is how long a half-written config.json gets to be completed. It is
	// written in one go.
	tornWait = 50 * time.Millisecond
)

// Result is what reading one bundle came to.
type Result struct {
	Bundle Bundle
	// Err is one of Read's. Nil: Bundle was read.
	Err error
}

// ReadAll reads the bundles in the given directories, and once more, after a
// moment on the clock, those that were caught half-written. The results are in the
// order of the directories; the error is the context's.
func ReadAll(ctx context.Context, clock clock.Clock, dirs []string) ([]Result, error) {
	results := make([]Result, len(dirs))
	read := func(n int) {
		results[n].Bundle, results[n].Err = Read(dirs[n])
	}

	next := make(chan int)
	var reading sync.WaitGroup
	for range min(readers, len(dirs)) {
		reading.Go(func() {
			for n := range next {
				if ctx.Err() == nil {
					read(n)
				}
			}
		})
	}
	for n := range dirs {
		next <- n
	}
	close(next)
	reading.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	var torn []int
	for n, result := range results {
		if errors.Is(result.Err, ErrTorn) {
			torn = append(torn, n)
		}
	}
	if len(torn) == 0 {
		return results, nil
	}

	wait := clock.NewTimer(tornWait)
	defer wait.Stop()
	select {
	case <-wait.C():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, n := range torn {
		read(n)
	}
	return results, nil
}
