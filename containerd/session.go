package containerd

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
)

// messageLimit is far above any container: Concourse's have about 10 kB.
const messageLimit = 16 << 20

// session is a connection for requests that belong together. On one that is kept,
// grpc-go would have the next request fail after containerd was restarted, and
// those after it until its backoff is over.
type session struct {
	client *Client
	conn   *grpc.ClientConn
	// dialled is how dialling failed the last time, which grpc-go tells only as
	// text. Nil: it did not.
	dialled atomic.Pointer[net.OpError]
}

// newSession connects with the first request.
func newSession(client *Client) (*session, error) {
	s := &session{client: client}
	conn, err := grpc.NewClient("passthrough:///containerd",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(s.dial),
		// A containerd that takes connections and hangs is for the requests' own
		// timeout to tell.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 2 * client.timeout}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageLimit)),
		grpc.WithStatsHandler(trailerWatch{}),
		grpc.WithUserAgent("weeder"),
	)
	s.conn = conn
	return s, err
}

func (s *session) dial(ctx context.Context, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", s.client.socket)
	var failure *net.OpError
	errors.As(err, &failure)
	s.dialled.Store(failure)
	return conn, err
}

// request makes one call, and ends it with the timeout. It fails at once where no
// connection is to be had. Its errors are those of judge.
func (s *session) request(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout{timeout})
	defer cancel()

	var trailer atomic.Bool
	watched := context.WithValue(ctx, trailerKey{}, &trailer)
	err := call(metadata.AppendToOutgoingContext(watched, "containerd-namespace", s.client.namespace))
	if err == nil || trailer.Load() {
		s.client.answered.Store(true)
	}
	if err == nil {
		return nil
	}
	if deadline, _ := ctx.Deadline(); time.Until(deadline) <= 0 {
		// grpc-go and containerd may have seen it pass before the context has.
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return judge(err, trailer.Load(), s.dialled.Load())
}

// trailerWatch notes which calls were answered with a trailer: it has the status.
type trailerWatch struct{}

type trailerKey struct{}

var _ stats.Handler = trailerWatch{}

func (trailerWatch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if _, is := event.(*stats.InTrailer); is {
		ctx.Value(trailerKey{}).(*atomic.Bool).Store(true)
	}
}

func (trailerWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return ctx
}

func (trailerWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (trailerWatch) HandleConn(context.Context, stats.ConnStats) {}
