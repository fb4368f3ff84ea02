package gardenclient

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"code.cloudfoundry.org/garden/routes"
	"github.com/tedsuo/rata"
)

// Hijack sends a request and takes over its connection, which the context's end
// closes.
func (w *wire) Hijack(route string, body io.Reader, params rata.Params, query url.Values, contentType string) (net.Conn, *bufio.Reader, error) {
	request, err := w.request(route, body, params, query, contentType)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	what := request.Method + " " + request.URL.Path

	dialled, err := w.client.dial(w.ctx)
	if err != nil {
		return nil, nil, w.noAnswer(w.ctx, what, began, err)
	}
	conn := &boundConn{Conn: dialled, unbind: context.AfterFunc(w.ctx, func() { dialled.Close() })}
	// Garden's own client swallows what a server that is no Garden answers.
	reader, err := w.takeOver(conn, route, what, request, began)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, reader, nil
}

// takeOver sends the request on the connection, and reads up to where the
// streams begin.
func (w *wire) takeOver(conn net.Conn, route, what string, request *http.Request, began time.Time) (*bufio.Reader, error) {
	if err := request.Write(conn); err != nil {
		return nil, w.noAnswer(w.ctx, what, began, err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, w.noAnswer(w.ctx, what, began, err)
	}

	if response.StatusCode < 200 || response.StatusCode > 299 {
		answer, err := io.ReadAll(io.LimitReader(response.Body, w.client.replyLimit))
		if err != nil {
			return nil, w.noAnswer(w.ctx, what, began, fmt.Errorf("broken off after %d bytes: %w", len(answer), err))
		}
		return nil, w.refusal(what, response.Status, answer)
	}
	// What follows of Run and Attach is JSON, of the streams whatever they carry.
	if route != routes.Run && route != routes.Attach {
		return reader, nil
	}
	first, err := reader.Peek(1)
	switch {
	case err != nil:
		return nil, w.noAnswer(w.ctx, what, began, fmt.Errorf("broken off after 0 bytes: %w", err))
	case first[0] != '{':
		beginning, _ := reader.Peek(reader.Buffered())
		return nil, w.notGarden(what, response.Status, beginning)
	}
	return reader, nil
}

// boundConn is a connection that a context's end closes.
type boundConn struct {
	net.Conn
	unbind func() bool
}

// Close implements net.Conn.
func (c *boundConn) Close() error {
	c.unbind()
	return c.Conn.Close()
}
