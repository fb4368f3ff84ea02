package containerd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"code.cloudfoundry.org/lager/v3"
)

const (
	// messageLimit is far above any container: Concourse's have about 10 kB.
	messageLimit = 16 << 20
	// maxIdleTime is longer than the time between two passes.
	maxIdleTime = 90 * time.Second

	// framePrefix is what stands before a message: whether it is compressed, and
	// its length (gRPC over HTTP2, Length-Prefixed-Message).
	framePrefix = 5
)

// wire speaks gRPC on a Unix socket.
type wire struct {
	socket    string
	namespace string
	logger    lager.Logger
	transport *http.Transport

	connsL sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

func newWire(socket, namespace string, logger lager.Logger) *wire {
	w := &wire{socket: socket, namespace: namespace, logger: logger, conns: map[net.Conn]struct{}{}}

	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	w.transport = &http.Transport{
		Protocols:          protocols,
		DisableCompression: true,
		IdleConnTimeout:    maxIdleTime,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return w.dial(ctx)
		},
	}
	return w
}

// stream sends one message and hands over those that come in answer. It fails at
// once where no connection is to be had.
func (w *wire) stream(ctx context.Context, method string, message []byte, each func([]byte) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+method, bytes.NewReader(frame(message)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	request.Header.Set("Containerd-Namespace", w.namespace)
	request.Header.Set("User-Agent", "weeder")

	response, err := w.transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/grpc") {
		return fmt.Errorf("%w it answered with status %d and %q", ErrNotContainerd,
			response.StatusCode, response.Header.Get("Content-Type"))
	}
	if err := readFrames(response.Body, each); err != nil {
		return err
	}
	return status(response)
}

// frame puts the prefix before a message.
func frame(message []byte) []byte {
	framed := make([]byte, framePrefix, framePrefix+len(message))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(message)))
	return append(framed, message...)
}

// readFrames hands over each message until the end.
func readFrames(body io.Reader, each func([]byte) error) error {
	reader := bufio.NewReader(body)
	var prefix [framePrefix]byte
	var message bytes.Buffer
	for {
		if _, err := io.ReadFull(reader, prefix[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		length := binary.BigEndian.Uint32(prefix[1:])
		if prefix[0] != 0 || length > messageLimit {
			return fmt.Errorf("%w a message of %d bytes, compression %d", ErrNotContainerd, length, prefix[0])
		}

		message.Reset()
		if _, err := io.CopyN(&message, reader, int64(length)); errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		if err := each(message.Bytes()); err != nil {
			return err
		}
	}
}

// status is what the answer that was read to its end came to. Only with a status
// it is whole.
func status(response *http.Response) error {
	header := response.Trailer
	if header.Get("Grpc-Status") == "" {
		// An answer without any message has it at the head.
		header = response.Header
	}
	text := header.Get("Grpc-Status")
	if text == "" {
		return io.ErrUnexpectedEOF
	}
	code, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return fmt.Errorf("%w it answered with gRPC status %q", ErrNotContainerd, text)
	}
	if code == 0 {
		return nil
	}
	message := header.Get("Grpc-Message")
	if decoded, err := url.PathUnescape(message); err == nil {
		message = decoded
	}
	return &statusError{code: uint32(code), message: message}
}

func (w *wire) dial(ctx context.Context) (net.Conn, error) {
	opened, err := new(net.Dialer).DialContext(ctx, "unix", w.socket)
	if err != nil {
		return nil, err
	}
	conn := &trackedConn{Conn: opened, wire: w}
	if !w.track(conn) {
		opened.Close()
		return nil, net.ErrClosed
	}
	w.logger.Debug("connected", lager.Data{"socket": w.socket})
	return conn, nil
}

// track remembers a connection that is open, unless the wire was closed meanwhile.
func (w *wire) track(conn net.Conn) bool {
	w.connsL.Lock()
	defer w.connsL.Unlock()
	if !w.closed {
		w.conns[conn] = struct{}{}
	}
	return !w.closed
}

func (w *wire) isClosed() bool {
	w.connsL.Lock()
	defer w.connsL.Unlock()
	return w.closed
}

// close closes every connection itself: the transport would leave those open that
// wait for a containerd that hangs.
func (w *wire) close() {
	w.connsL.Lock()
	w.closed = true
	conns := w.conns
	w.conns = map[net.Conn]struct{}{}
	w.connsL.Unlock()

	for conn := range conns {
		conn.Close()
	}
}

// trackedConn is a connection that its wire knows until it is closed.
type trackedConn struct {
	net.Conn
	wire *wire
}

func (c *trackedConn) Close() error {
	c.wire.connsL.Lock()
	delete(c.wire.conns, c)
	c.wire.connsL.Unlock()
	return c.Conn.Close()
}
