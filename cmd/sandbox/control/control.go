// Package control is the HTTP API by which a sandbox is told what to have and how to misbehave.
//
// Each request has taken effect when it is answered. Bodies are JSON, unknown fields are refused,
// errors are {"error": "…"}. Durations are Go's ("90s", "6h") or a number of seconds, times are RFC 3339.
//
//	GET    /faults                every fault: on, whom it strikes, what it holds, what it does
//	PUT    /faults/<name>         switch it on; optional body {"handles": […], "times": n}
//	DELETE /faults/<name>         switch it off, and let go of the calls it holds
//	GET    /calls                 Garden calls by kind, and by kind and handle
//	DELETE /calls                 count from 0
//	GET    /destroyed             handles that Garden has destroyed, in order
//	DELETE /destroyed             forget them
//	GET    /containers            every container, hidden and depot-only ones too: a list of Told
//	POST   /containers            make one: a Container
//	PATCH  /containers/<handle>   change what the body names
//	DELETE /containers/<handle>   take it away; not counted as destroyed
//	PUT    /volumes/<handle>      write a volume: a volumes.Volume
//	DELETE /volumes/<handle>      take it away, in whatever state
//	GET    /hooks                 hooks, and whether each has fired
//	PUT    /hooks/<point>         act before a call is answered, once: a Hook
//	DELETE /hooks/<point>         drop the hooks at that point
package control

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/faults"
	"weeder/cmd/sandbox/volumes"
)

// Sandbox is what a Handler controls.
type Sandbox struct {
	Backend *backend.Backend
	Server  *backend.Server
	Volumes volumes.Dir
	// Baggageclaim are the faults of the baggageclaim API.
	Baggageclaim *faults.Set
	// Clock is what ages count from.
	Clock clock.Clock
}

// Handler answers the control API.
func Handler(sandbox Sandbox) http.Handler {
	mux := http.NewServeMux()
	for pattern, act := range map[string]func(*http.Request) (any, error){
		"GET /faults":                 sandbox.faults,
		"PUT /faults/{name}":          sandbox.faultOn,
		"DELETE /faults/{name}":       sandbox.faultOff,
		"GET /calls":                  sandbox.calls,
		"DELETE /calls":               sandbox.resetCalls,
		"GET /destroyed":              sandbox.destroyed,
		"DELETE /destroyed":           sandbox.forgetDestroyed,
		"GET /containers":             sandbox.containers,
		"POST /containers":            sandbox.create,
		"PATCH /containers/{handle}":  sandbox.patch,
		"DELETE /containers/{handle}": sandbox.remove,
		"PUT /volumes/{handle}":       sandbox.putVolume,
		"DELETE /volumes/{handle}":    sandbox.removeVolume,
		"GET /hooks":                  sandbox.hooks,
		"PUT /hooks/{point}":          sandbox.addHook,
		"DELETE /hooks/{point}":       sandbox.removeHooks,
	} {
		mux.HandleFunc(pattern, answering(act))
	}

	return mux
}

func answering(act func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := act(r)
		status := http.StatusOK
		if err != nil {
			answer, status = map[string]string{"error": err.Error()}, statusOf(err)
		}

		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		// A client that has gone is no concern of a sandbox.
		_ = encoder.Encode(answer)
	}
}

func statusOf(err error) int {
	var notFound garden.ContainerNotFoundError
	switch {
	case errors.As(err, &notFound), errors.Is(err, backend.ErrNoContainer), errors.Is(err, fs.ErrNotExist),
		errors.Is(err, faults.ErrUnknown), errors.Is(err, errNoPoint):
		return http.StatusNotFound
	case errors.Is(err, backend.ErrHandleTaken):
		return http.StatusConflict
	}

	return http.StatusBadRequest
}

// done is the answer to what has nothing to tell.
var done = struct{}{}

// decode takes a body that may be empty.
func decode(body io.Reader, value any) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil && !errors.Is(err, io.EOF) {
		return err
	}

	return nil
}
