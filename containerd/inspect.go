package containerd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/containerd/api/services/containers/v1"

	"weeder/reaper"
)

// maxGets is how many containers are asked for one by one. For more, all are
// listed, as a stream: the answer to a plain list does not fit gRPC's 4 MiB from
// some 300 containers on.
const maxGets = 16

var (
	errNoSpec      = errors.New("it has no OCI spec")
	errNoContainer = fmt.Errorf("%w an answer without a container", ErrNotContainerd)
)

// Inspect tells what containerd keeps of those of the given containers that are in
// the namespace: spec, properties and time of creation. A handle that is not in
// the answer is not known there. What can't be told of one container is among its
// Sighting's Doubts; an error means that containerd could not be asked.
func (c *Client) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	look := c.getEach
	if len(handles) > maxGets {
		look = c.listAll
	}
	var sightings map[string]reaper.Sighting
	err := c.ask(ctx, func(ctx context.Context, s *session) (err error) {
		sightings, err = look(ctx, s, handles)
		return err
	})
	if err == nil {
		return sightings, nil
	}
	if err = c.explain(err); errors.Is(err, ErrAbsent) {
		return map[string]reaper.Sighting{}, nil
	}
	return nil, fmt.Errorf("inspect containers: %w", err)
}

// getEach asks for one container after the other.
func (c *Client) getEach(ctx context.Context, s *session, handles []string) (map[string]reaper.Sighting, error) {
	sightings := make(map[string]reaper.Sighting, len(handles))
	answered := 0
	var refusal error
	for _, handle := range handles {
		sighting, err := c.get(ctx, s, handle)
		switch {
		case err == nil:
			answered++
			sightings[handle] = sighting
		case isNotFound(err):
			answered++
		case isRefusal(err):
			refusal = err
			sightings[handle] = reaper.Sighting{Doubts: []reaper.Reason{unreadable("containerd", err)}}
		default:
			return nil, err
		}
	}
	if refusal != nil && answered == 0 {
		return nil, refusal
	}
	return sightings, nil
}

func (c *Client) get(ctx context.Context, s *session, handle string) (reaper.Sighting, error) {
	var reply *containers.GetContainerResponse
	err := s.request(ctx, c.timeout, func(ctx context.Context) (err error) {
		reply, err = containers.NewContainersClient(s.conn).Get(ctx, &containers.GetContainerRequest{ID: handle})
		return err
	})
	if err != nil {
		return reaper.Sighting{}, err
	}
	container := reply.GetContainer()
	switch {
	case container == nil:
		return reaper.Sighting{}, errNoContainer
	case container.GetID() != handle:
		return reaper.Sighting{}, fmt.Errorf("%w asked for %s it told of %q", ErrNotContainerd, handle, container.GetID())
	}
	return sight(container), nil
}

// listAll lists the containers of the namespace and picks those that are asked for.
func (c *Client) listAll(ctx context.Context, s *session, handles []string) (map[string]reaper.Sighting, error) {
	asked := make(map[string]bool, len(handles))
	for _, handle := range handles {
		asked[handle] = true
	}

	sightings := make(map[string]reaper.Sighting, len(handles))
	err := s.request(ctx, c.timeout, func(ctx context.Context) error {
		list, err := containers.NewContainersClient(s.conn).ListStream(ctx, &containers.ListContainersRequest{})
		if err != nil {
			return err
		}
		for {
			message, err := list.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
			container := message.GetContainer()
			if container == nil {
				return errNoContainer
			}
			if asked[container.GetID()] {
				sightings[container.GetID()] = sight(container)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return sightings, nil
}

// sight is what a container's record shows.
func sight(container *containers.Container) reaper.Sighting {
	sighting := reaper.Sighting{Properties: properties(container.GetLabels())}
	if createdAt := container.GetCreatedAt(); createdAt != nil {
		sighting.CreatedAt = createdAt.AsTime()
	}
	spec, err := decodeSpec(container)
	if err != nil {
		sighting.Doubts = []reaper.Reason{unreadable("containerd", err)}
		return sighting
	}
	sighting.Spec, sighting.SpecSource = &spec, reaper.SourceContainerd
	return sighting
}

func decodeSpec(container *containers.Container) (reaper.Spec, error) {
	if container.GetSpec() == nil {
		return reaper.Spec{}, errNoSpec
	}
	return reaper.DecodeSpec(container.GetSpec().GetValue())
}
