package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"code.cloudfoundry.org/lager/v3"
	"golang.org/x/sync/errgroup"

	"weeder/baggageclaim"
	"weeder/gardenclient"
	"weeder/journal"
	"weeder/reaper"
	"weeder/status"
	"weeder/status/leftovers"
)

type daemonCommand struct {
	app *app
	destroyOptions
	Interval time.Duration `long:"interval" default:"30s" description:"wait between two passes, give or take a tenth; at least 5s"`
	Listen   string        `long:"listen" default:"127.0.0.1:7790" description:"address of metrics, health and the last pass, host:port; '' for none"`
	DryRun   bool          `long:"dry-run" description:"decide the same, journal it as would-destroy, destroy nothing"`
	Check    bool          `long:"check" description:"check the configuration, show what weeder makes of it, and exit"`
}

// restingGCPercent is Go's own. Less costs a fourth of each pass's CPU for a
// megabyte, more takes memory up to the budget's bound.
const restingGCPercent = 100

// Execute runs the command.
func (c *daemonCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	policy, err := c.policy()
	if err != nil {
		return err
	}
	if err := c.warnOfUnknownVariables(); err != nil {
		return err
	}
	if c.Check {
		c.showSettings(c.settings(policy))
		fmt.Fprintln(c.app.stdout, "the configuration is good")
		return nil
	}
	// Commands trade memory for speed; a daemon lives with others on a worker.
	debug.SetGCPercent(restingGCPercent)
	logger := c.app.daemonLogger()
	c.app.daemonLog = logger
	// Until the very end: a SIGHUP that nobody waits for would end the process.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)

	return c.app.inTime(func() error { return c.watch(policy, hangups, logger) })
}

// watch runs the daemon where no other does, and listens, if it is to.
func (c *daemonCommand) watch(policy reaper.Policy, hangups <-chan os.Signal, logger lager.Logger) error {
	held, err := journal.Lock(c.app.global.journalDir())
	switch {
	case journal.DiskFails(err):
		logger.Error("failed-to-lock-journal", err)
	case err != nil:
		return aboutLock(err)
	default:
		defer held.Release()
	}

	var listener net.Listener
	if c.Listen != "" {
		if listener, err = net.Listen("tcp", c.Listen); err != nil {
			return fmt.Errorf("%w: set --listen to another address, or to '' to do without", err)
		}
		c.sayListening(logger, listener)
	}
	return c.run(policy, listener, hangups, logger)
}

func (c *daemonCommand) sayListening(logger lager.Logger, listener net.Listener) {
	address := listener.Addr().String()
	logger.Info("listening", lager.Data{"address": address})
	if loopback, err := status.Loopback(c.Listen); err == nil && !loopback {
		logger.Info("listening-beyond-this-machine", lager.Data{
			"address": address, "warning": "whoever reaches it can read this worker's handles; nobody can change anything through it",
		})
	}
}

// run runs the daemon and what goes with it until the process is told to end.
func (c *daemonCommand) run(policy reaper.Policy, listener net.Listener, hangups <-chan os.Signal, logger lager.Logger) error {
	dir := c.app.global.journalDir()
	site := c.app.connect()
	defer site.close()
	record := journal.New(dir)
	defer record.Close()
	shown := status.New(c.shown(site))

	daemon := &reaper.Daemon{
		Worker:   site.worker,
		Policy:   policy,
		Interval: c.Interval,
		DryRun:   c.DryRun,
		Recorder: record,
		Keeper:   shownKeeper{Keeper: journal.NewMemory(dir), shown: shown},
		Observer: shown,
		Logger:   logger,
		Random:   rand.Float64,
	}
	var err error
	if journal.ReadOnly(dir) {
		logger.Info("left-memory-on-read-only-disk", lager.Data{"journal": dir})
	} else if daemon.Past, err = journal.Load(dir); err != nil {
		logger.Error("failed-to-load-memory", err)
	}
	if daemon.Dangling, err = journal.Dangling(dir); err != nil {
		logger.Error("failed-to-read-journal", err)
	}

	global := c.app.global
	// Where none is there yet, weeder goes on looking for one.
	volumes, _ := baggageclaim.Locate(global.Volumes)
	logger.Info("started", lager.Data{
		"version": version, "target": global.Target, "volumes": volumes, "depot": global.Depot,
		"containerd": global.Containerd, "baggageclaim": global.Baggageclaim, "journal": dir, "listen": c.Listen,
		"dry-run": c.DryRun, "interval": c.Interval.String(), "grace": policy.Grace.String(),
		"busy-grace": policy.BusyGrace.String(), "protect": orEmpty(c.protected()),
		"remembered-orphans": len(daemon.Past.Orphans),
	})
	group, ctx := errgroup.WithContext(c.app.ctx)
	group.Go(func() error {
		daemon.Run(ctx)
		return nil
	})
	group.Go(func() error {
		shown.Watch(ctx)
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		logger.Info("told-to-end")
		return nil
	})
	group.Go(func() error {
		reopenOnHangup(ctx, hangups, record, logger)
		return nil
	})
	if listener != nil {
		group.Go(func() error { return status.Serve(ctx, listener, shown.Handler(), logger) })
	}
	err = group.Wait()
	logger.Info("stopped")
	return err
}

// shownKeeper has the status tell whether the daemon's memory is kept.
type shownKeeper struct {
	reaper.Keeper
	shown *status.Status
}

func (k shownKeeper) Keep(past reaper.Past) error {
	err := k.Keeper.Keep(past)
	k.shown.Kept(err)
	return err
}

// shown is what the daemon shows of its worker.
func (c *daemonCommand) shown(site *site) status.Config {
	return status.Config{
		Version:    version,
		Target:     c.app.global.Target,
		VolumesDir: site.volumesDir,
		Interval:   c.Interval,
		Timeout:    c.app.global.Timeout,
		DryRun:     c.DryRun,
		Clock:      site.worker.Clock,

		MaxContainers: c.app.global.MaxContainers,
		Capacity: func(ctx context.Context) (uint64, error) {
			capacity, err := site.garden.Capacity(ctx)
			if gardenclient.IsNotImplemented(err) {
				return 0, nil
			}
			return capacity.MaxContainers, err
		},
		Leftovers: func(ctx context.Context) (leftovers.Report, error) {
			return leftovers.Scan(ctx, c.app.leftoversConfig(ctx, site.garden, leftovers.DefaultMinAge))
		},
	}
}

// reopenOnHangup has the journal opened anew at a SIGHUP, for whoever moved it
// away.
func reopenOnHangup(ctx context.Context, hangups <-chan os.Signal, record *journal.Journal, logger lager.Logger) {
	for {
		select {
		case <-hangups:
			if err := record.Reopen(); err != nil {
				logger.Error("failed-to-reopen-journal", err)
				continue
			}
			logger.Info("reopened-journal")
		case <-ctx.Done():
			return
		}
	}
}

// daemonLogger writes lager's JSON to stdout, from info on unless --log-level
// says otherwise.
func (a *app) daemonLogger() lager.Logger {
	level := lager.INFO
	if a.global.LogLevel != "" {
		level, _ = lager.LogLevelFromString(string(a.global.LogLevel))
	}
	logger := lager.NewLogger("weeder")
	logger.RegisterSink(lager.NewPrettySink(a.log, level))
	return logger
}
