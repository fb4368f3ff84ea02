package gardenclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
)

// bulk asks about a batch of containers at once. Guardian asks its runtime about
// one after the other, without a deadline, so that one that hangs (runc's state of
// a cgroup that never freezes) takes the answer of all: where none comes in time
// each is asked about by itself. Those that get no answer then are silent, by the
// error of that. A Garden that leaves all or too many without one is itself.
func bulk[T any](ctx context.Context, c *Client, handles []string,
	ask func(ctx context.Context, handles []string) (map[string]T, error)) (told map[string]T, silent map[string]error, err error) {
	told, err = ask(ctx, handles)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return told, nil, err
	}

	why := err
	told, silent = make(map[string]T, len(handles)), map[string]error{}
	if len(handles) == 1 {
		silent[handles[0]] = why
	} else {
		var mutex sync.Mutex
		var failed error
		err := c.askEach(ctx, handles, func(ctx context.Context, n int) error {
			one, err := ask(ctx, handles[n:n+1])
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil:
				maps.Copy(told, one)
			case errors.Is(err, context.DeadlineExceeded):
				silent[handles[n]] = err
			default:
				failed = err
			}
			return err
		})
		if err = cmp.Or(err, failed); err != nil {
			return nil, nil, err
		}
	}
	if len(told) == 0 {
		// Perhaps it is silent about whatever it is asked.
		if _, err := c.list(ctx, nil); err != nil {
			return nil, nil, fmt.Errorf("%w; then: %w", why, err)
		}
	}
	return told, silent, nil
}
