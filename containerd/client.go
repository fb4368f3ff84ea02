// Package containerd asks a worker's containerd what it keeps of the containers
// of one namespace: OCI specs, labels, creation times, tasks. Where the API can't
// be used, Bundles reads the specs that containerd has written for its shims.
//
// It only reads. The few calls that it needs are the same from containerd 1.3 to
// 2.x. They are gRPC over net/http's HTTP/2, and their messages are taken apart by
// hand: containerd's generated API with grpc-go nearly doubles weeder's binary, and
// the memory that it starts with. The specs hold all of it against that API, and
// against containerd itself.
package containerd

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/lager/v3"
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
	// Logger is told of new connections. Nil: nothing is logged.
	Logger lager.Logger
}

// Client of one containerd. It may be used by many goroutines at once.
//
// Where the socket is not there (ErrAbsent), this worker has no containerd: its
// source is absent, which is no error of Inspect and Tasks. A containerd that has
// answered this client before is not absent, only gone: then it is an error.
type Client struct {
	wire    *wire
	timeout time.Duration
	// answered tells that a containerd has answered.
	answered atomic.Bool
}

// New makes a client. It connects on the first call, and again when it has to.
func New(config Config) *Client {
	timeout := config.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	logger := config.Logger
	if logger == nil {
		logger = lager.NewLogger("containerd")
	}
	return &Client{
		wire:    newWire(config.Socket, config.Namespace, logger),
		timeout: timeout,
	}
}

// Close closes all connections. Calls under way fail, and so do later ones.
func (c *Client) Close() {
	c.wire.close()
}

// Version asks for containerd's version, such as "1.6.20" or "v2.3.3". Without a
// socket the error is ErrAbsent.
func (c *Client) Version(ctx context.Context) (string, error) {
	reply, err := c.call(ctx, c.timeout, versionMethod, nil)
	if err != nil {
		return "", fmt.Errorf("read version: %w", c.explain(err))
	}
	version, err := decodeVersion(reply)
	if err != nil {
		return "", fmt.Errorf("read version: %w", c.explain(err))
	}
	return version, nil
}

// call sends one message and gives back the one that answers it. The error is a
// *statusError where containerd answered that.
func (c *Client) call(ctx context.Context, timeout time.Duration, method string, message []byte) ([]byte, error) {
	var reply []byte
	replies := 0
	err := c.stream(ctx, timeout, method, message, func(message []byte) error {
		reply = append(reply, message...)
		replies++
		return nil
	})
	if err == nil && replies != 1 {
		err = fmt.Errorf("%w %d messages in answer to %s", ErrNotContainerd, replies, method)
	}
	return reply, err
}

// stream sends one message and hands over each that comes in answer, which is
// good until the next one comes. Without an error all have come.
func (c *Client) stream(ctx context.Context, timeout time.Duration, method string, message []byte,
	each func(message []byte) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout{timeout})
	defer cancel()

	began := false
	handOver := func(message []byte) error {
		began = true
		return each(message)
	}
	err := c.wire.stream(ctx, method, message, handOver)
	if lost(err) && !began && c.answered.Load() {
		// The connection was that of a containerd that has been restarted.
		err = c.wire.stream(ctx, method, message, handOver)
	}
	var status *statusError
	switch {
	case err == nil, errors.As(err, &status):
		c.answered.Store(true)
	case ctx.Err() != nil:
		// What a call that ran out of time says is about its connection.
		err = context.Cause(ctx)
	}
	return err
}
