// Command weeder finds the Garden containers of a Concourse worker that
// nobody needs any more, says why, and destroys them through Garden.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/jessevdk/go-flags"
)

// The exit statuses, as the README documents them.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitOrphansFound = 3
)

func main() {
	// net/http logs some faults of servers there; they come as errors, too.
	log.SetOutput(io.Discard)
	// A command is over before what it allocates matters: of a scan of 250
	// containers this saves a fifteenth of the CPU for 3 MiB more.
	debug.SetGCPercent(400)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main with everything it touches handed in.
func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr *os.File) int {
	out := bufio.NewWriter(stdout)
	app := &app{
		ctx:      ctx,
		stdin:    stdin,
		stdout:   out,
		stderr:   stderr,
		log:      stdout,
		files:    standardFiles{stdin, stdout, stderr},
		terminal: terminals(stdin, stdout, stderr),

		variables: takeVariables(),
	}

	err := app.parse(args)
	var help *flags.Error
	if errors.As(err, &help) && help.Type == flags.ErrHelp {
		fmt.Fprintln(out, helpText(help.Message))
		err = nil
	}
	if flushErr := out.Flush(); flushErr != nil && (err == nil || errors.Is(err, errOrphansFound)) {
		err = fmt.Errorf("write output: %w", flushErr)
	}
	return app.exitStatus(err)
}

// exitStatus tells a person what went wrong and a script its exit status.
func (a *app) exitStatus(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errOrphansFound):
		return exitOrphansFound
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.Is(err, errHeldUp):
		a.sayHeldUp()
		return exitFailed
	}
	var ended processStatus
	if errors.As(err, &ended) {
		return int(ended)
	}

	status := exitFailed
	for _, err := range each(err) {
		var parseErr *flags.Error
		switch {
		case errors.As(err, &parseErr) && parseErr.Type == flags.ErrCommandRequired:
			fmt.Fprint(a.stderr, welcome)
			status = exitUsage
		case errors.As(err, &parseErr):
			a.complain("error", "%s", a.parseMistake(parseErr))
			status = exitUsage
		case errors.Is(err, errUsage):
			a.complain("error", "%v", err)
			status = exitUsage
		default:
			a.complain("error", "%v", err)
		}
	}
	return status
}

var (
	// errSaid is a failure about which all has been said already.
	errSaid = errors.New("failed")
	// errOrphansFound is scan --exit-code's answer.
	errOrphansFound = errors.New("orphans found")
	// errUsage marks errors that a person mends on the command line.
	errUsage = errors.New("usage")
)

// processStatus is the exit status of a process in a container, and weeder's
// own then.
type processStatus int

func (s processStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is an error of the command line.
type usageError struct{ message string }

func (e usageError) Error() string        { return e.message }
func (e usageError) Is(target error) bool { return target == errUsage }

func usagef(format string, args ...any) error {
	return usageError{message: fmt.Sprintf(format, args...)}
}
