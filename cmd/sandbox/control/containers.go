package control

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

func (s Sandbox) containers(*http.Request) (any, error) {
	containers := []Told{}
	for _, container := range s.Backend.Snapshot() {
		containers = append(containers, s.tell(container))
	}

	return containers, nil
}

func (s Sandbox) create(r *http.Request) (any, error) {
	var body Container
	if err := decode(r.Body, &body); err != nil {
		return nil, err
	}

	return done, s.createFrom(body)
}

func (s Sandbox) createFrom(body Container) error {
	if body.Handle == "" {
		return errors.New("a container needs a handle")
	}
	if s.has(body.Handle) {
		return fmt.Errorf("container %s: %w", body.Handle, backend.ErrHandleTaken)
	}

	container := backend.Container{Handle: body.Handle}
	s.change(body, &container)

	return s.Server.Create(container)
}

func (s Sandbox) patch(r *http.Request) (any, error) {
	var body Container
	if err := decode(r.Body, &body); err != nil {
		return nil, err
	}

	return done, s.patchFrom(r.PathValue("handle"), body)
}

func (s Sandbox) patchFrom(handle string, body Container) error {
	return s.Backend.Update(handle, func(container *backend.Container) { s.change(body, container) })
}

func (s Sandbox) remove(r *http.Request) (any, error) {
	return done, s.Server.Remove(r.PathValue("handle"))
}

func (s Sandbox) has(handle string) bool {
	return slices.ContainsFunc(s.Backend.Snapshot(), func(container backend.Container) bool {
		return container.Handle == handle
	})
}

func (s Sandbox) putVolume(r *http.Request) (any, error) {
	var volume volumes.Volume
	if err := decode(r.Body, &volume); err != nil {
		return nil, err
	}
	volume.Handle = r.PathValue("handle")

	return done, s.Volumes.Put(volume)
}

func (s Sandbox) removeVolume(r *http.Request) (any, error) {
	return done, s.Volumes.Remove(r.PathValue("handle"))
}
