package gardenclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/routes"
	json2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tedsuo/rata"
)

// lasting are the calls that take as long as they have to; only their context
// bounds them. (Run and attach are hijacked, and so are their streams.)
var lasting = map[string]bool{
	routes.Create:    true,
	routes.Destroy:   true,
	routes.StreamIn:  true,
	routes.StreamOut: true,
}

// asBefore has JSON be valid that encoding/json takes, by which Garden's client
// goes; it takes half as long.
var asBefore = json2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// wire carries the requests of one context. It is what Garden's client calls a
// HijackStreamer.
type wire struct {
	client *Client
	ctx    context.Context
}

// Stream sends a request, and gives what is answered.
func (w *wire) Stream(route string, body io.Reader, params rata.Params, query url.Values, contentType string) (io.ReadCloser, error) {
	answer, stream, err := w.exchange(route, body, params, query, contentType)
	if stream != nil || err != nil {
		return stream, err
	}
	return io.NopCloser(bytes.NewReader(answer)), nil
}

// exchange sends a request. All answers but StreamOut's are JSON and short: they
// are read here, within the deadline, and given on only if they are JSON.
func (w *wire) exchange(route string, body io.Reader, params rata.Params, query url.Values, contentType string) (answer []byte, stream io.ReadCloser, err error) {
	request, err := w.request(route, body, params, query, contentType)
	if err != nil {
		return nil, nil, err
	}

	began := time.Now()
	ctx, cancel := w.ctx, context.CancelFunc(func() {})
	if !lasting[route] {
		ctx, cancel = context.WithDeadline(w.ctx, began.Add(w.client.timeout))
	}
	defer cancel()
	what := request.Method + " " + request.URL.Path

	request = request.WithContext(ctx)
	if route == routes.StreamIn {
		request = acceptedFirst(request)
	}
	response, err := w.client.http.Do(request)
	if err != nil {
		var around *url.Error
		if errors.As(err, &around) {
			err = around.Err
		}
		return nil, nil, w.noAnswer(ctx, what, began, err)
	}
	succeeded := response.StatusCode >= 200 && response.StatusCode <= 299
	if succeeded && route == routes.StreamOut {
		return nil, response.Body, nil
	}
	defer response.Body.Close()

	answer, err = io.ReadAll(io.LimitReader(response.Body, w.client.replyLimit+1))
	switch {
	case err != nil:
		return nil, nil, w.noAnswer(ctx, what, began, fmt.Errorf("broken off after %d bytes: %w", len(answer), err))
	case int64(len(answer)) > w.client.replyLimit:
		return nil, nil, fmt.Errorf("%s answered %s with more than %d bytes: %w", w.client.where(), what, w.client.replyLimit, ErrNotGarden)
	case !succeeded:
		return nil, nil, w.refusal(what, response.Status, answer)
	// Garden's client panics over a list that is null.
	case !jsontext.Value(answer).IsValid(asBefore), route == routes.List && string(bytes.TrimSpace(answer)) == "null":
		return nil, nil, w.notGarden(what, response.Status, answer)
	}
	return answer, nil, nil
}

func (w *wire) request(route string, body io.Reader, params rata.Params, query url.Values, contentType string) (*http.Request, error) {
	if err := checkParams(params); err != nil {
		return nil, err
	}
	request, err := w.client.requests.CreateRequest(route, params, body)
	if err != nil {
		return nil, err
	}
	request.URL.RawQuery = query.Encode()
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return request, nil
}

// refusal is the error that Garden answered with, of its own type.
func (w *wire) refusal(what, status string, answer []byte) error {
	// Another server's JSON decodes as a garden.Error with no message.
	var shape struct{ Type, Message string }
	var refused garden.Error
	if json.Unmarshal(answer, &shape) != nil || shape.Message == "" || json.Unmarshal(answer, &refused) != nil {
		return w.notGarden(what, status, answer)
	}
	if shape.Type == "" {
		return untypedError{shape.Message}
	}
	return refused.Err
}

func (w *wire) notGarden(what, status string, answer []byte) error {
	const enough = 60

	// A page of HTML is mostly line ends and blanks.
	text := bytes.Join(bytes.Fields(answer), []byte(" "))
	got := "nothing"
	switch {
	case len(text) > enough:
		got = fmt.Sprintf("%q…", text[:enough])
	case len(text) > 0:
		got = fmt.Sprintf("%q", text)
	}
	return fmt.Errorf("%s answered %s with %s and %s: %w", w.client.where(), what, status, got, ErrNotGarden)
}

func checkParams(params rata.Params) error {
	if handle, ok := params["handle"]; ok {
		return checkHandles(handle)
	}
	return nil
}
