package containerd

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"code.cloudfoundry.org/lager/v3"

	"weeder/reaper"
)

// Source is all that can be had from containerd about containers: its API and,
// where that can't be used, the bundles that it has written beside its socket.
type Source struct {
	socket  string
	client  *Client
	bundles Bundles
	logger  lager.Logger

	mutex    sync.Mutex
	fallback error
}

var _ reaper.Runtime = (*Source)(nil)

// NewSource makes a source. Nothing is connected before it is asked.
func NewSource(config Config) *Source {
	if config.Logger == nil {
		config.Logger = lager.NewLogger("containerd")
	}
	return &Source{
		socket:  config.Socket,
		client:  New(config),
		bundles: Bundles{Dir: filepath.Join(filepath.Dir(config.Socket), bundlesName, config.Namespace)},
		logger:  config.Logger,
	}
}

// Close closes the connections.
func (s *Source) Close() {
	s.client.Close()
}

// Fallback is why bundles were read in the place of the API the last time. Nil:
// they were not, or there is no socket.
func (s *Source) Fallback() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.fallback
}

// Inspect implements reaper.Runtime. Where the API can't be used, a container
// without a bundle is one that could not be asked about.
func (s *Source) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	if s.absent() {
		return s.bundles.Inspect(ctx, handles)
	}

	sightings, err := s.client.Inspect(ctx, handles)
	if err == nil {
		s.fallBack(nil)
		s.addTasks(ctx, sightings)
		return sightings, nil
	}
	inBundles, bundlesErr := s.bundles.Inspect(ctx, handles)
	if bundlesErr != nil || len(inBundles) == 0 {
		return nil, err
	}

	s.fallBack(err)
	blind := reaper.Sighting{Blind: true, Doubts: []reaper.Reason{unreadable("containerd", err)}}
	for _, handle := range handles {
		if _, told := inBundles[handle]; !told {
			inBundles[handle] = blind
		}
	}
	return inBundles, nil
}

// Usage implements reaper.Runtime. What has no task, or one that has ended,
// runs nothing.
func (s *Source) Usage(ctx context.Context, handles []string) (map[string]reaper.Usage, error) {
	usages := map[string]reaper.Usage{}
	if s.absent() {
		return usages, nil
	}
	tasks, err := s.client.Tasks(ctx, handles)
	if err != nil {
		return nil, err
	}
	// A container that containerd does not know has no task either.
	var without []string
	for _, handle := range handles {
		if tasks[handle].Status == TaskNone {
			without = append(without, handle)
		}
	}
	known, err := s.client.Inspect(ctx, without)
	if err != nil {
		return nil, err
	}
	for handle, task := range tasks {
		if _, is := known[handle]; is || task.Status != TaskNone {
			usages[handle] = reaper.Usage{
				Processes: task.Processes,
				Idle:      task.Status == TaskNone || task.Status == TaskStopped && task.Err == nil,
			}
		}
	}
	return usages, nil
}

// addTasks notes how the containers' tasks stand. It is for people to see: what
// can't be told is left out.
func (s *Source) addTasks(ctx context.Context, sightings map[string]reaper.Sighting) {
	handles := make([]string, 0, len(sightings))
	for handle := range sightings {
		handles = append(handles, handle)
	}
	tasks, err := s.client.Tasks(ctx, handles)
	if err != nil {
		s.logger.Info("failed-to-ask-for-tasks", lager.Data{"error": err.Error()})
		return
	}
	maps.DeleteFunc(tasks, func(_ string, task Task) bool { return task.Status == TaskUnknown })
	for handle, task := range tasks {
		sighting := sightings[handle]
		sighting.Task = string(task.Status)
		sightings[handle] = sighting
	}
}

// absent tells that there is no socket, and so no containerd. One that can't
// be looked at is there; one that has answered before is not absent, but gone.
func (s *Source) absent() bool {
	_, err := os.Stat(s.socket)
	return errors.Is(err, fs.ErrNotExist) && !s.client.answered.Load()
}

// fallBack notes why bundles have to do, or with nil that the API is back. The
// log is told when that changes.
func (s *Source) fallBack(why error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.fallback == nil && why != nil:
		s.logger.Info("fell-back-to-bundles", lager.Data{"error": why.Error(), "bundles": s.bundles.Dir})
	case s.fallback != nil && why == nil:
		s.logger.Info("containerd-answers-again")
	}
	s.fallback = why
}
