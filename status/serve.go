package status

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"code.cloudfoundry.org/lager/v3"
	"golang.org/x/net/netutil"
)

const (
	// shutdownTimeout is how long answers under way may take when the server
	// ends.
	shutdownTimeout = 2 * time.Second
	// headerTimeout and the like keep clients that hang from piling up.
	headerTimeout = 5 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	// maxConnections bounds the answers that are kept for clients who don't read
	// them: the daemon must not take the memory of its neighbours. The next has to
	// wait.
	maxConnections = 64
)

// Serve answers on the listener until the context is done: then answers under way
// get two seconds. It closes the listener, and when it returns nothing of it runs
// any more. Its error is the listener's.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, logger lager.Logger) error {
	var connections sync.WaitGroup
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       answerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(complaints{logger}, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				connections.Add(1)
			case http.StateClosed:
				connections.Done()
			}
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(listener, maxConnections)) }()

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		_ = server.Shutdown(within)
		err = <-failed
	}
	// Whoever has not got his answer by now does not get it any more.
	_ = server.Close()
	connections.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve status: %w", err)
	}
	return nil
}

// complaints have what the HTTP server says logged.
type complaints struct{ lager.Logger }

func (c complaints) Write(text []byte) (int, error) {
	c.Info("http-server-complained", lager.Data{"complaint": strings.TrimSpace(string(text))})
	return len(text), nil
}
