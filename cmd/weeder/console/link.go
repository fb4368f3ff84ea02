package console

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"

	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/garden/routes"
	"github.com/tedsuo/rata"
)

// link carries the streams of one process and sees them break. Garden's client
// reads the stream that tells of the process's end no further than to that, and
// when it broke, it waits for the others, which need not break too.
type link struct {
	connection.HijackStreamer
	// lost is closed when the stream broke that would have told of the end.
	lost chan struct{}

	mu sync.Mutex
	id string
	// why is what broke that stream, and tear what broke one of output.
	why, tear error
}

func newLink(garden connection.HijackStreamer) *link {
	return &link{HijackStreamer: garden, lost: make(chan struct{})}
}

// Hijack implements connection.HijackStreamer.
func (l *link) Hijack(route string, body io.Reader, params rata.Params, query url.Values, contentType string) (net.Conn, *bufio.Reader, error) {
	output := route == routes.Stdout || route == routes.Stderr
	if id := params["pid"]; id != "" {
		// So it is known before Garden's client says it, or fails to.
		l.mu.Lock()
		l.id = id
		l.mu.Unlock()
	}
	conn, reader, err := l.HijackStreamer.Hijack(route, body, params, query, contentType)
	if err != nil {
		return nil, nil, err
	}
	broke := l.lose
	if output {
		broke = l.rip
	}
	return conn, bufio.NewReader(&watched{reader, broke}), nil
}

func (l *link) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = err
		close(l.lost)
	}
}

func (l *link) rip(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tear == nil && !errors.Is(err, io.EOF) {
		l.tear = err
	}
}

// processID is the process's, empty where Garden has not told it.
func (l *link) processID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// cause is what broke the stream that would have told of the end. Nil: nothing.
func (l *link) cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// torn is what broke a stream of output before its end. Nil: nothing.
func (l *link) torn() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tear
}

// watched tells of the error or end that a reader comes to.
type watched struct {
	io.Reader
	broke func(error)
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil {
		w.broke(err)
	}
	return n, err
}
