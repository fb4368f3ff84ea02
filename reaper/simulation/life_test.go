package simulation

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/lager/v3"

	"weeder/journal"
	"weeder/reaper"
)

// life is one run of the daemon, from its start to its end.
type life struct {
	world   *world
	number  int
	started time.Duration
	journal *journal.Journal

	cancel context.CancelFunc
	// killed is closed by a kill, done when Run has returned.
	killed, done chan struct{}
	// dead tells that it was killed, ending that it was told to end.
	dead, ending bool
	toldAt       time.Duration
	// resumed is closed when it is not stopped any more. Nil: it is not.
	resumed chan struct{}
	// foundContainerd tells that containerd has answered it.
	foundContainerd atomic.Bool

	// startingUntil is until when it may destroy nothing.
	startingUntil time.Duration
	// offset of the wall clock and identity of live/ as its last pass saw them,
	// or hasPast, the last good one of the life before.
	offset   time.Duration
	identity string
	hasPast  bool
	// inherited is what the life before left.
	inherited past
	// snapshotAt is when it read the volumes directory last, which was
	// sawIdentity then.
	snapshotAt  time.Duration
	sawIdentity string
	// passEnded is when its last pass ended, goodAt when its last good one did,
	// keptAt when its memory was kept.
	passEnded, goodAt, keptAt time.Duration
	goodOffset                time.Duration
	passes                    int
	// locked are the interlocks of the last pass; lockedSince tells that another
	// came on after it.
	locked      []reaper.Interlock
	lockedSince bool
	// due is what the last pass found due, lookedAt when containers were looked
	// at last, destroys how many were begun.
	due      []string
	lookedAt map[string]time.Duration
	destroys int
	attempts []*attempt
	// destroying is when a destroy of a handle was told of last, for reasons.
	destroying map[string]time.Duration
	reasons    []reaper.Reason
	// owed are the ends of answered destroys that were not told of yet.
	owed map[string]reaper.EventName
	// unlogged are the events that the journal could not take, and the log has
	// not told yet.
	unlogged map[string]int
}

// errKilled is what calls of a killed life answer. Nobody hears it.
var errKilled = errors.New("killed")

// past is what lives leave to the next.
type past struct {
	reaper.Past
	// at is when the last good pass of it ended. Zero: there was none.
	at time.Duration
	// startingUntil is until when nothing may be destroyed.
	startingUntil time.Duration
	// offset and identity as in life.
	offset   time.Duration
	identity string
}

// start starts a life of the daemon. The mutex is held.
func (w *world) start() {
	l := &life{
		world: w, number: len(w.lives), started: w.now(), journal: journal.New(w.dir),
		killed: make(chan struct{}), done: make(chan struct{}), unlogged: map[string]int{},
		owed: map[string]reaper.EventName{}, destroying: map[string]time.Duration{},
		lookedAt: map[string]time.Duration{},
	}
	w.lives = append(w.lives, l)
	w.starts(l)

	logger := lager.NewLogger("weeder")
	logger.RegisterSink(sink{l})
	worker := &reaper.Worker{
		Garden: gardenView{l}, Volumes: diskView{l},
		Clock: wallClock{clock.NewClock(), w}, Elapsed: w.elapsed,
	}
	if w.containerd {
		worker.Runtime = containerdView{l}
	}
	if w.witness {
		worker.Baggageclaim = baggageclaimView{l}
	}
	daemon := &reaper.Daemon{
		Worker: worker, Policy: w.policy, Interval: w.interval, DryRun: w.dryRun,
		Recorder: recorder{l}, Keeper: keeper{l}, Observer: observer{l}, Logger: logger,
		Past: w.keep.Past, Dangling: w.dangling(),
		Random: func() float64 { return w.dice.of("random", int(w.now())).fraction() },
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	w.trace("daemon %d starts", l.number)
	go func() {
		defer close(l.done)
		daemon.Run(ctx)
		if err := l.journal.Close(); err != nil {
			w.mutex.Lock()
			w.violate("closing the journal: %v", err)
			w.mutex.Unlock()
		}
	}()
}

// alive is the daemon that runs. Nil: none does.
func (w *world) alive() *life {
	if len(w.lives) == 0 {
		return nil
	}
	if l := w.lives[len(w.lives)-1]; !l.dead && !l.ending {
		return l
	}
	return nil
}

// kill ends a life at once: nothing that it does from now on is done.
func (w *world) kill(l *life) {
	if l.dead {
		return
	}
	w.trace("daemon %d is killed", l.number)
	l.dead = true
	close(l.killed)
	l.cancel()
	w.mutex.Unlock()
	<-l.done
	w.mutex.Lock()
	w.tear()
	w.ends(l)
}

// term tells a life to end, and then does something.
func (w *world) term(l *life, then func()) {
	if l.dead || l.ending {
		return
	}
	w.trace("daemon %d is told to end", l.number)
	w.cont(l)
	l.ending, l.toldAt = true, w.now()
	l.cancel()
	w.after(endsWithin, func() {
		if !l.over() {
			w.violate("told to end at %s, the daemon still runs after %s", l.toldAt, endsWithin)
		}
	})
	go func() {
		select {
		case <-l.done:
		case <-l.killed:
			return
		}
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.trace("daemon %d has ended after %s", l.number, w.now()-l.toldAt)
		w.ends(l)
		then()
	}()
}

const (
	// endsWithin is how long a daemon may take to end, lingersFor how long it
	// waits for destroys then.
	endsWithin = 10 * time.Second
	lingersFor = 8 * time.Second
)

// over tells that the life's Run has returned.
func (l *life) over() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// stop is SIGSTOP, cont SIGCONT.
func (w *world) stop(l *life) {
	if l.resumed == nil {
		w.trace("daemon %d is stopped", l.number)
		l.resumed = make(chan struct{})
	}
}

func (w *world) cont(l *life) {
	if l.resumed != nil {
		w.trace("daemon %d goes on", l.number)
		close(l.resumed)
		l.resumed = nil
	}
}

// call is what a call of the daemon's to somebody else takes, by what it is
// about and when it comes. The error tells that there is no use in an answer.
func (l *life) call(ctx context.Context, what string, from, to time.Duration) error {
	l.world.mutex.Lock()
	took := l.world.dice.of("call "+what, int(l.world.now())).between(from, to)
	l.world.mutex.Unlock()

	l.waitWhileStopped()
	timer := time.NewTimer(took)
	defer timer.Stop()
	var err error
	select {
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	case <-l.killed:
		return errKilled
	}
	l.waitWhileStopped()
	return err
}

// waitWhileStopped holds the daemon's goroutines where they would call somebody:
// what they do between two calls takes no time.
func (l *life) waitWhileStopped() {
	for {
		l.world.mutex.Lock()
		resumed := l.resumed
		l.world.mutex.Unlock()
		if resumed == nil {
			return
		}
		select {
		case <-resumed:
		case <-l.killed:
			return
		}
	}
}
