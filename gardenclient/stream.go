package gardenclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

// continueWait is how long a server may leave it open whether it wants a stream.
const continueWait = 10 * time.Second

// StreamIn has Garden unpack a tar stream in a container. It is bounded by the
// context alone. Nothing is read of the stream before Garden has accepted the
// call (or has not answered for 10 s), and no more once it has answered.
//
// The stream is closed if it can be. A Read that Close does not end, such as
// that of a file, can hold the call up past the context's end and that of the
// connection. After an error Garden may have unpacked part of the stream. A
// handle that Garden doesn't know is a garden.ContainerNotFoundError, which the
// lists (and the depot) decide where the error does not say it.
func (c *Client) StreamIn(ctx context.Context, handle string, spec garden.StreamInSpec) error {
	doing := "stream in to " + handle
	return c.streamed(ctx, doing, handle, c.ask(ctx, doing, func(conn connection.Connection) error {
		return conn.StreamIn(handle, spec)
	}))
}

// StreamOut has Garden pack a path of a container; the caller closes the stream,
// which the context alone bounds. Errors are as of StreamIn. Garden ends a
// stream that its backend broke off as it ends a whole one.
func (c *Client) StreamOut(ctx context.Context, handle string, spec garden.StreamOutSpec) (io.ReadCloser, error) {
	var stream io.ReadCloser
	doing := "stream out of " + handle
	err := c.ask(ctx, doing, func(conn connection.Connection) (err error) {
		stream, err = conn.StreamOut(handle, spec)
		return err
	})
	return stream, c.streamed(ctx, doing, handle, err)
}

// streamed is what a stream's error comes to. Of a handle that it does not know
// Guardian says that there is no pid.
func (c *Client) streamed(ctx context.Context, doing, handle string, err error) error {
	if err == nil || errors.Is(err, ErrNoAnswer) || errors.Is(err, ErrUnsafeHandle) {
		return err
	}
	return c.orNotFound(ctx, doing, handle, err)
}

// acceptedFirst has a request's body sent only once the server has accepted it.
// One that refuses would otherwise first read 256 KiB of the body or to its end,
// for which whoever writes it may take his time.
//
// The body is closed with the connection, too, as net/http waits for a Read of it
// even where the connection has long ended.
func acceptedFirst(request *http.Request) *http.Request {
	if request.Body == nil {
		return request
	}
	request.Header.Set("Expect", "100-continue")
	body := &streamBody{ReadCloser: request.Body}
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if conn, ok := got.Conn.(*streamConn); ok {
				conn.streams.Store(true)
				body.conn.Store(conn)
				context.AfterFunc(conn.ended, func() { body.Close() })
			}
		},
	}))
	request.Body = body
	return request
}

// streamBody is a stream that fails, where its connection ended, with that: it
// is what net/http tells of.
type streamBody struct {
	io.ReadCloser
	conn atomic.Pointer[streamConn]
}

// Read implements io.Reader.
func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if conn := b.conn.Load(); err != nil && err != io.EOF && conn != nil && conn.ended.Err() != nil {
		err = context.Cause(conn.ended)
	}
	return n, err
}

// streamConn is a connection that tells when it has been closed, and why.
type streamConn struct {
	net.Conn
	ended context.Context
	end   context.CancelCauseFunc
	// streams: a stream is sent on it, or was.
	streams atomic.Bool
	// failed is what reading failed with.
	failed atomic.Pointer[error]
}

func newStreamConn(conn net.Conn) *streamConn {
	ended, end := context.WithCancelCause(context.Background())
	return &streamConn{Conn: conn, ended: ended, end: end}
}

// Read implements net.Conn.
func (c *streamConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Write implements net.Conn. A server that needs no more of a stream answers and
// closes: what writing fails with then is kept back until all has been read, as
// net/http would drop the answer for it.
func (c *streamConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil && c.streams.Load() {
		<-c.ended.Done()
	}
	return n, err
}

// Close implements net.Conn.
func (c *streamConn) Close() error {
	cause := net.ErrClosed
	if failed := c.failed.Load(); failed != nil {
		cause = *failed
	}
	c.end(cause)
	return c.Conn.Close()
}
