// Package gardenclient speaks to the Garden of a worker: what containers there
// are, what their properties and their OCI bundles say, and destroying them.
//
// It adds to Garden's own client what that lacks: a deadline on every request,
// cancellation, connections that are kept alive, and answers that are checked
// before they are believed. What it reads, it reads in ways that don't restart
// a container's grace countdown (Client.Inspect tells the exception).
package gardenclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/garden/routes"
	"code.cloudfoundry.org/lager/v3"
	"github.com/tedsuo/rata"

	"weeder/reaper"
)

const (
	defaultTimeout    = 30 * time.Second
	defaultBatchSize  = 100
	defaultReplyLimit = 256 << 20

	dialTimeout    = 10 * time.Second
	maxIdle        = 4
	maxIdleTime    = 90 * time.Second
	keepAliveProbe = 30 * time.Second
)

// Config says which Garden to speak to, and how.
type Config struct {
	// Target is where Garden listens.
	Target Target
	// Origin is where the target comes from, for errors to name it: "from
	// WEEDER_TARGET". Empty: they don't.
	Origin string
	// Elsewhere are paths of sockets where Garden is often found. Where nothing
	// listens at the target, errors name the first that is there.
	Elsewhere []string
	// Timeout bounds each request together with its answer. It does not bound
	// what lasts as long as it has to: create, run, attach, the streams, and
	// Destroy, whose deadline is its context's. Zero: 30 s.
	Timeout time.Duration
	// Depot is the directory of the containers' bundles, as it is seen from
	// here. Empty: where Garden says that the bundles are.
	Depot string
	// BatchSize is how many containers one bulk request asks about. Zero: 100.
	BatchSize int
	// ReplyLimit is how long an answer may be, in bytes. Zero: 256 MiB.
	ReplyLimit int64
	// Clock times the second try at a bundle that was caught half-written. Nil:
	// the system's.
	Clock clock.Clock
	// Logger is told what becomes known of the Garden. Nil: nothing is logged.
	Logger lager.Logger
}

// Client of one Garden. It may be used by many goroutines at once.
type Client struct {
	target     Target
	origin     string
	elsewhere  []string
	timeout    time.Duration
	batchSize  int
	replyLimit int64
	clock      clock.Clock
	logger     lager.Logger

	requests *rata.RequestGenerator
	http     *http.Client
	dialer   *net.Dialer

	configuredDepot string
	learnedDepotL   sync.Mutex
	learnedDepot    string
	// depotUnread tells that it could not be read the last time.
	depotUnread bool
}

var _ reaper.Garden = (*Client)(nil)

// New makes a client. Nothing is sent before the first call.
func New(config Config) *Client {
	client := &Client{
		target:          config.Target,
		origin:          config.Origin,
		elsewhere:       config.Elsewhere,
		timeout:         config.Timeout,
		batchSize:       config.BatchSize,
		replyLimit:      config.ReplyLimit,
		clock:           config.Clock,
		logger:          config.Logger,
		requests:        rata.NewRequestGenerator("http://garden", routes.Routes),
		dialer:          &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAliveProbe},
		configuredDepot: config.Depot,
	}
	if client.timeout <= 0 {
		client.timeout = defaultTimeout
	}
	if client.batchSize <= 0 {
		client.batchSize = defaultBatchSize
	}
	if client.replyLimit <= 0 {
		client.replyLimit = defaultReplyLimit
	}
	if client.clock == nil {
		client.clock = clock.NewClock()
	}
	if client.logger == nil {
		client.logger = lager.NewLogger("garden-client")
	}

	client.http = &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := client.dial(ctx)
				if err != nil {
					return nil, err
				}
				return newStreamConn(conn), nil
			},
			MaxIdleConnsPerHost:   maxIdle,
			IdleConnTimeout:       maxIdleTime,
			ExpectContinueTimeout: continueWait,
			DisableCompression:    true,
		},
		// A redirected DELETE would reach something that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return client
}

// Close closes the connections that are idle. Calls under way go on.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
}

// Ping asks whether something answers. It proves little: Guardian's ping always
// succeeds, and Guardian listens before it serves.
func (c *Client) Ping(ctx context.Context) error {
	return c.ask(ctx, "ping", connection.Connection.Ping)
}

// Capacity is how much the worker can hold. Where Garden doesn't tell, the
// error is one that IsNotImplemented knows.
func (c *Client) Capacity(ctx context.Context) (garden.Capacity, error) {
	var capacity garden.Capacity
	err := c.ask(ctx, "read capacity", func(conn connection.Connection) (err error) {
		capacity, err = conn.Capacity()
		return err
	})
	return capacity, err
}

// Connection is Garden's whole API for the calls of one context, with the
// client's connections and deadlines. The context's end also ends the processes'
// streams. A call for a handle that is not reaper.SafeHandle is refused with
// ErrUnsafeHandle; the handles of bulk calls are not looked at.
func (c *Client) Connection(ctx context.Context) connection.Connection {
	return connection.NewWithHijacker(c.Hijacker(ctx), c.logger)
}

// Hijacker is what Connection sends its requests with, for who has to see to
// the streams of a process.
func (c *Client) Hijacker(ctx context.Context) connection.HijackStreamer {
	return &wire{client: c, ctx: ctx}
}

// ask has one call done, and says on failure what was being done.
func (c *Client) ask(ctx context.Context, doing string, call func(connection.Connection) error) error {
	err := call(c.Connection(ctx))
	if err == nil {
		return nil
	}

	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		err = c.otherShape(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func (c *Client) otherShape(err error) error {
	return fmt.Errorf("%s answered with JSON of another shape: %w: %w", c.where(), err, ErrNotGarden)
}

// where is the target as errors name it.
func (c *Client) where() string {
	if c.origin == "" {
		return c.target.String()
	}
	return fmt.Sprintf("%s (%s)", c.target, c.origin)
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	return c.dialer.DialContext(ctx, c.target.Network, c.target.Address)
}
