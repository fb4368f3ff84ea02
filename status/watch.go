package status

import (
	"context"
	"sync"
	"time"

	"weeder/status/leftovers"
)

const (
	// rarely is how often that is asked which is too dear for each pass.
	rarely = 10 * time.Minute
	// retryAfter is how long it is until Garden is asked again that did not
	// answer.
	retryAfter = time.Minute
	// staleAfter is how many times in a row something can fail to be seen before
	// what was seen last is told no more.
	staleAfter = 3
	// lingerFor is how long Watch waits for what it has begun.
	lingerFor = 2 * time.Second
)

// surroundings are what passes don't look at.
type surroundings struct {
	maxContainers uint64

	// leftovers are how many there are of each kind that could be judged.
	leftovers   map[leftovers.Kind]int
	leftoversAt time.Time

	fileSystems   []leftovers.FileSystem
	fileSystemsAt time.Time
}

// fresh leaves out what was seen too long ago to be told as if it were so. What
// it gives is never changed.
func (s surroundings) fresh(config Config) surroundings {
	if config.Clock.Since(s.leftoversAt) > staleAfter*rarely {
		s.leftovers = nil
	}
	if config.Clock.Since(s.fileSystemsAt) > staleAfter*config.Interval {
		s.fileSystems = nil
	}
	return s
}

// Watch looks at what is too dear for each pass, or may hang, until the context is
// done. Then it waits for what it has begun, though not for long: no one can end a
// call to a file system that does not answer.
func (s *Status) Watch(ctx context.Context) {
	var looks sync.WaitGroup
	looks.Go(func() { s.repeat(ctx, s.lookAtFileSystems) })
	if s.config.Leftovers != nil {
		looks.Go(func() { s.repeat(ctx, s.lookForLeftovers) })
	}
	if s.config.Capacity != nil {
		looks.Go(func() { s.repeat(ctx, s.askCapacity) })
	}
	ended := make(chan struct{})
	go func() {
		looks.Wait()
		close(ended)
	}()

	<-ctx.Done()
	timer := s.config.Clock.NewTimer(lingerFor)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C():
	}
}

// repeat looks again and again, each time after the wait that the look gives.
func (s *Status) repeat(ctx context.Context, look func(context.Context) time.Duration) {
	for ctx.Err() == nil {
		timer := s.config.Clock.NewTimer(look(ctx))
		select {
		case <-timer.C():
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (s *Status) lookForLeftovers(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, rarely)
	defer cancel()
	report, err := s.config.Leftovers(ctx)
	if err != nil {
		return rarely
	}
	found := make(map[leftovers.Kind]int, len(report.Kinds))
	for _, finding := range report.Kinds {
		if finding.Status() != leftovers.NotJudged {
			found[finding.Kind] = finding.Count
		}
	}

	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.config.Clock.Now()
	s.around.leftovers, s.around.leftoversAt = found, now
	s.around.fileSystems, s.around.fileSystemsAt = report.FileSystems, now
	return rarely
}

func (s *Status) lookAtFileSystems(context.Context) time.Duration {
	paths, wait := s.staleFileSystems()
	if len(paths) == 0 {
		return wait
	}
	systems := s.config.FileSystems(paths...)

	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.around.fileSystems, s.around.fileSystemsAt = systems, s.config.Clock.Now()
	return s.config.Interval
}

// staleFileSystems are those to look at now. None: in a while.
func (s *Status) staleFileSystems() (paths []string, wait time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if seen := s.config.Clock.Since(s.around.fileSystemsAt); seen < s.config.Interval {
		return nil, s.config.Interval - seen
	}
	for _, system := range s.around.fileSystems {
		paths = append(paths, system.Path)
	}
	return paths, s.config.Interval
}

func (s *Status) askCapacity(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	capacity, err := s.config.Capacity(ctx)
	if err != nil {
		return retryAfter
	}
	if capacity == 0 {
		capacity = s.config.MaxContainers
	}

	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.around.maxContainers = capacity
	return rarely
}
