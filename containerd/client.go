// Package containerd asks a worker's containerd what it keeps of the containers
// of one namespace: OCI specs, labels, creation times, tasks. Where the API can't
// be used, Bundles reads the specs that containerd has written for its shims.
//
// It only reads. The few calls that it needs are the same from containerd 1.3 to
// 2.x.
package containerd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/lager/v3"
	"github.com/containerd/containerd/api/services/version/v1"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// DefaultSocket is where containerd listens when nobody says otherwise.
	DefaultSocket = "/run/containerd/containerd.sock"
	// DefaultNamespace is the one that Concourse keeps its containers in.
	DefaultNamespace = "concourse"

	defaultTimeout = 30 * time.Second
)

// Config says which containerd to ask, and how.
type Config struct {
	// Socket is the path that containerd listens on. Empty: there is none, and
	// the source is absent.
	Socket string
	// Namespace of the containers.
	Namespace string
	// Timeout bounds each request together with its answer, and all that Tasks
	// asks. Zero: 30 s.
	Timeout time.Duration
	// Logger is told where a Source has to do without something. Nil: nothing is
	// logged.
	Logger lager.Logger
}

// Client of one containerd. It may be used by many goroutines at once.
//
// Where the socket is not there (ErrAbsent), this worker has no containerd: its
// source is absent, which is no error of Inspect and Tasks. A containerd that has
// answered this client before is not absent, only gone: then it is an error.
type Client struct {
	socket    string
	namespace string
	timeout   time.Duration
	// answered tells that a containerd has answered.
	answered atomic.Bool
	// open ends when the client is closed.
	open  context.Context
	close context.CancelFunc
}

// New makes a client. Each of its methods makes its own connection.
func New(config Config) *Client {
	timeout := config.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	open, end := context.WithCancel(context.Background())
	return &Client{
		socket:    config.Socket,
		namespace: config.Namespace,
		timeout:   timeout,
		open:      open,
		close:     end,
	}
}

// Close closes all connections. Calls under way fail, and so do later ones.
func (c *Client) Close() {
	c.close()
}

// Version asks for containerd's version, such as "1.6.20" or "v2.3.3". Without a
// socket the error is ErrAbsent.
func (c *Client) Version(ctx context.Context) (string, error) {
	var reply *version.VersionResponse
	err := c.ask(ctx, func(ctx context.Context, s *session) error {
		return s.request(ctx, c.timeout, func(ctx context.Context) (err error) {
			reply, err = version.NewVersionClient(s.conn).Version(ctx, &emptypb.Empty{})
			return err
		})
	})
	if err != nil {
		return "", fmt.Errorf("read version: %w", c.explain(err))
	}
	return reply.GetVersion(), nil
}

// ask lets requests be made on a connection, and all of them on another one where
// that breaks off: containerd may have been restarted.
func (c *Client) ask(ctx context.Context, requests func(context.Context, *session) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	stop := context.AfterFunc(c.open, func() { giveUp(net.ErrClosed) })
	defer stop()

	err := c.attempt(ctx, requests)
	var lost errLost
	if errors.As(err, &lost) && c.answered.Load() {
		err = c.attempt(ctx, requests)
	}
	return err
}

func (c *Client) attempt(ctx context.Context, requests func(context.Context, *session) error) error {
	switch {
	case c.socket == "":
		return ErrAbsent
	case c.open.Err() != nil:
		return net.ErrClosed
	}
	s, err := newSession(c)
	if err != nil {
		return err
	}
	defer s.conn.Close()
	return requests(ctx, s)
}
