package baggageclaim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"weeder/reaper"
)

// answerLimit bounds what is read of a reply, in bytes. A volume of a list
// takes some 700, so this is more than forty thousand of them.
const answerLimit = 32 << 20

// API asks baggageclaim itself, over HTTP. It is safe for concurrent use.
type API struct {
	address string
	timeout time.Duration
	client  *http.Client
}

// NewAPI is the API at an address, host:port with or without http:// before
// it. The timeout is for each request as a whole; zero leaves that to the
// contexts. Nothing is asked yet.
func NewAPI(address string, timeout time.Duration) *API {
	return &API{
		address: bareAddress(address),
		timeout: timeout,
		client: &http.Client{
			// No proxy: it would be asked about the worker's own loopback.
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{}).DialContext,
				MaxIdleConnsPerHost: 1,
				IdleConnTimeout:     90 * time.Second,
			},
			// baggageclaim never redirects: who does is another server.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// Close closes the connection that is kept for the next request.
func (a *API) Close() {
	a.client.CloseIdleConnections()
}

// Knows asks whether baggageclaim has a volume. An error means that it gave
// no answer: the handle is not safe to be asked for, the request failed or
// timed out, or what answers is not baggageclaim. It is reaper.ErrVolumeUntold
// where baggageclaim answers that it can't tell of this volume, such as one whose
// properties.json can't be understood (volume/repository.go, GetVolume).
func (a *API) Knows(ctx context.Context, volume string) (bool, error) {
	if !reaper.SafeVolumeHandle(volume) {
		return false, fmt.Errorf("ask baggageclaim at %s for volume: its handle %q is not safe in a path", a.address, volume)
	}

	known := false
	err := a.get(ctx, "/volumes/"+url.PathEscape(volume), func(status int, body *json.Decoder) error {
		switch status {
		case http.StatusNotFound:
			return decodeNotFound(body)
		case http.StatusInternalServerError:
			return decodeUntold(body)
		}
		var answer struct {
			Handle string `json:"handle"`
		}
		if err := decodeAnswer(status, body, &answer); err != nil {
			return err
		}
		if answer.Handle != volume {
			return fmt.Errorf("it answers with volume %q", answer.Handle)
		}
		known = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("ask baggageclaim at %s for volume %s: %w", a.address, volume, err)
	}
	return known, nil
}

// LivePaths are the paths, as baggageclaim sees them, of the data of the
// volumes that it lists: <volumes>/live/<handle>/volume. An error means that
// it gave no answer.
func (a *API) LivePaths(ctx context.Context) ([]string, error) {
	var paths []string
	err := a.get(ctx, "/volumes", func(status int, body *json.Decoder) error {
		var answer []struct {
			Path string `json:"path"`
		}
		if err := decodeAnswer(status, body, &answer); err != nil {
			return err
		}
		for _, volume := range answer {
			if volume.Path == "" {
				return errors.New("it lists a volume without a path")
			}
			paths = append(paths, volume.Path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask baggageclaim at %s for its volumes: %w", a.address, err)
	}
	return paths, nil
}

// get has answer read the reply to a GET.
func (a *API) get(ctx context.Context, path string, answer func(status int, body *json.Decoder) error) error {
	if a.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.timeout, fmt.Errorf("no answer within %s: %w", a.timeout, context.DeadlineExceeded))
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.address+path, nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return bare(err)
	}
	defer response.Body.Close()

	body := io.LimitReader(response.Body, answerLimit)
	if err := answer(response.StatusCode, json.NewDecoder(body)); err != nil {
		return err
	}
	// A connection is kept only when its reply was read to the end. One that
	// breaks there takes nothing from the answer.
	_, _ = io.Copy(io.Discard, body)
	return nil
}

// decodeNotFound tells baggageclaim's own 404, JSON with the error in it, from
// that of another server, which knows of no volume and proves nothing.
func decodeNotFound(body *json.Decoder) error {
	if ownError(body) == "" {
		return errors.New("it answers 404 in other words than baggageclaim's: what listens there?")
	}
	return nil
}

// decodeUntold tells baggageclaim's own 500 from another server's, or of what is
// before it.
func decodeUntold(body *json.Decoder) error {
	failure := answers(http.StatusInternalServerError)
	if own := ownError(body); own != "" {
		return fmt.Errorf("%w: %s: %w", failure, own, reaper.ErrVolumeUntold)
	}
	return failure
}

// ownError is the error in a reply of baggageclaim's. Empty: there is none.
func ownError(body *json.Decoder) string {
	var answer struct {
		Error string `json:"error"`
	}
	if body.Decode(&answer) != nil {
		return ""
	}
	return answer.Error
}

func answers(status int) error {
	return fmt.Errorf("it answers %d %s", status, http.StatusText(status))
}

// decodeAnswer decodes the value of a reply that has to be fine.
func decodeAnswer(status int, body *json.Decoder, value any) error {
	if status != http.StatusOK {
		return answers(status)
	}
	if err := body.Decode(value); err != nil {
		return fmt.Errorf("decode its answer: %w", err)
	}
	return nil
}

// bare leaves out what net/http adds of the request.
func bare(err error) error {
	var urlError *url.Error
	if errors.As(err, &urlError) {
		return urlError.Err
	}
	return err
}
