package containerd

import (
	"context"
	"errors"
	"fmt"

	"weeder/reaper"
)

// maxGets is how many containers are asked for one by one. For more, all are
// listed, as a stream: the answer to a plain list does not fit gRPC's 4 MiB from
// some 300 containers on.
const maxGets = 16

var errNoSpec = errors.New("it has no OCI spec")

// Inspect tells what containerd keeps of those of the given containers that are in
// the namespace: spec, properties and time of creation. A handle that is not in
// the answer is not known there. What can't be told of one container is among its
// Sighting's Doubts; an error means that containerd could not be asked.
func (c *Client) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	look := c.getEach
	if len(handles) > maxGets {
		look = c.listAll
	}
	sightings, err := look(ctx, handles)
	if err == nil {
		return sightings, nil
	}
	if err = c.explain(err); errors.Is(err, ErrAbsent) {
		return map[string]reaper.Sighting{}, nil
	}
	return nil, fmt.Errorf("inspect containers: %w", err)
}

// getEach asks for one container after the other.
func (c *Client) getEach(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	sightings := make(map[string]reaper.Sighting, len(handles))
	answered := 0
	var refusal error
	for _, handle := range handles {
		sighting, err := c.get(ctx, handle)
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

func (c *Client) get(ctx context.Context, handle string) (reaper.Sighting, error) {
	reply, err := c.call(ctx, c.timeout, getContainerMethod, encodeID(handle))
	if err != nil {
		return reaper.Sighting{}, err
	}
	container, err := decodeContainer(reply)
	if err != nil {
		return reaper.Sighting{}, err
	}
	if container.id != handle {
		return reaper.Sighting{}, fmt.Errorf("%w asked for %s it told of %q", ErrNotContainerd, handle, container.id)
	}
	return container.sighting(), nil
}

// listAll lists the containers of the namespace and picks those that are asked for.
func (c *Client) listAll(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	asked := make(map[string]bool, len(handles))
	for _, handle := range handles {
		asked[handle] = true
	}

	sightings := make(map[string]reaper.Sighting, len(handles))
	err := c.stream(ctx, c.timeout, listContainersMethod, nil, func(message []byte) error {
		container, err := decodeContainer(message)
		if err == nil && asked[container.id] {
			sightings[container.id] = container.sighting()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sightings, nil
}

// sighting is what a record shows of its container.
func (r record) sighting() reaper.Sighting {
	sighting := reaper.Sighting{Properties: properties(r.labels), CreatedAt: r.createdAt}
	spec, err := r.decodeSpec()
	if err != nil {
		sighting.Doubts = []reaper.Reason{unreadable("containerd", err)}
		return sighting
	}
	sighting.Spec, sighting.SpecSource = &spec, reaper.SourceContainerd
	return sighting
}

func (r record) decodeSpec() (reaper.Spec, error) {
	if r.spec == nil {
		return reaper.Spec{}, errNoSpec
	}
	return reaper.DecodeSpec(r.spec)
}
