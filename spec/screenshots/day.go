package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	seed = 2016
	// step is how often something comes and goes.
	step = 5 * time.Minute
)

// day is what happens on the worker.
type day struct {
	ctx     context.Context
	sandbox *sandbox
	random  *rand.Rand
	now     time.Time
	builds  int
	// inUse are the containers that are.
	inUse []string
}

// newDay is one with the builds that there are at its begin.
func newDay(ctx context.Context, s *sandbox) (*day, error) {
	d := &day{ctx: ctx, sandbox: s, random: rand.New(rand.NewPCG(seed, 0)), now: began}
	return d, d.busy()
}

// live has a day go by: builds come and go with the office hours, some of their
// containers leak. In the night Garden is away for a while. From the morning on
// there is a pipeline whose processes outlive their builds.
func (d *day) live(w *watched) error {
	if err := w.look(d.ctx); err != nil {
		return err
	}
	for passes := 1; passes <= int(24*time.Hour/interval); passes++ {
		d.now = began.Add(time.Duration(passes) * interval)
		if d.now.Sub(began)%step == 0 {
			if err := d.happen(); err != nil {
				return err
			}
		}
		if err := w.next(d.ctx); err != nil {
			return err
		}
	}
	// Whoever looks comes between two passes.
	w.clock.Increment(interval / 3)
	return nil
}

// happen is what happens within a step.
func (d *day) happen() error {
	if err := d.busy(); err != nil {
		return err
	}
	switch at := d.now.Sub(began).Truncate(step); at {
	case 9*time.Hour + 40*time.Minute:
		return d.sandbox.tell(d.ctx, http.MethodPut, "/faults/list-fails", nil)
	case 10*time.Hour + 25*time.Minute:
		return d.sandbox.tell(d.ctx, http.MethodDelete, "/faults/list-fails", nil)
	case 20 * time.Hour:
		return d.undying(d.take(), d.take())
	}
	office := d.load() > .5
	switch chance := d.random.Float64(); {
	case office && d.now.After(began.Add(16*time.Hour)) && chance < .35:
		return d.outlived(d.take())
	case office && chance < .8, chance < .1:
		return d.plain(d.take())
	}
	return nil
}

// load is from 0 to 1: how much is built at this hour.
func (d *day) load() float64 {
	hour := float64(d.now.Hour()) + float64(d.now.Minute())/60
	rise := min(1, max(0, (hour-7)/2.5))
	return rise * min(1, max(0, (20-hour)/3))
}

// busy has builds come and go until there are as many containers in use as there
// are at this hour.
func (d *day) busy() error {
	want := 65 + int(80*d.load()) + d.random.IntN(12)
	for len(d.inUse) > want {
		handle := d.take()
		if err := d.sandbox.tell(d.ctx, http.MethodDelete, "/containers/"+handle, nil); err != nil {
			return err
		}
		if err := d.lose(handle + "-root"); err != nil {
			return err
		}
	}
	for len(d.inUse) < want {
		if err := d.build(); err != nil {
			return err
		}
	}
	return nil
}

var jobs = []struct{ pipeline, job string }{
	{"web-ui", "unit"}, {"web-ui", "deploy-staging"}, {"ledger", "integration"}, {"stemcells", "build"}, {"docs", "publish"},
}

// build makes a container in use.
func (d *day) build() error {
	handle, job := d.handle(), jobs[d.random.IntN(len(jobs))]
	d.builds++
	for _, volume := range []string{handle + "-root", handle[:8] + "-cache"} {
		if err := d.sandbox.tell(d.ctx, http.MethodPut, "/volumes/"+volume, body{"state": "live"}); err != nil {
			return err
		}
	}
	path := "/tmp/build/get"
	if d.random.IntN(4) == 0 {
		path = fmt.Sprintf("/tmp/build/%08x", d.random.Uint32())
	}
	d.inUse = append(d.inUse, handle)
	return d.sandbox.tell(d.ctx, http.MethodPost, "/containers", body{
		"handle": handle, "root_volume": handle + "-root", "volumes": map[string]string{handle[:8] + "-cache": path},
		"created_at": d.now, "env": []string{
			"BUILD_TEAM_NAME=main", "BUILD_PIPELINE_NAME=" + job.pipeline, "BUILD_JOB_NAME=" + job.job,
			fmt.Sprintf("BUILD_NAME=%d", 400+d.builds/len(jobs)), fmt.Sprintf("BUILD_ID=%d", 11700+d.builds),
		},
	})
}

// handle is a v4 UUID.
func (d *day) handle() string {
	high, low := d.random.Uint64(), d.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", high>>32, high>>16&0xffff, high&0xfff, low>>52, low&0xffffffffffff)
}

// take takes one out of those in use.
func (d *day) take() string {
	i := d.random.IntN(len(d.inUse))
	handle := d.inUse[i]
	d.inUse = append(d.inUse[:i], d.inUse[i+1:]...)
	return handle
}

func (d *day) lose(volume string) error {
	return d.sandbox.tell(d.ctx, http.MethodDelete, "/volumes/"+volume, nil)
}

// plain is a container whose root volume is gone.
func (d *day) plain(handle string) error { return d.lose(handle + "-root") }

// outlived is one whose processes go on without the build's volume.
func (d *day) outlived(handle string) error {
	if err := d.sandbox.tell(d.ctx, http.MethodPatch, "/containers/"+handle, body{"processes": 2 + d.random.IntN(3)}); err != nil {
		return err
	}
	return d.lose(handle[:8] + "-cache")
}

// undying are some that Garden fails to destroy.
func (d *day) undying(handles ...string) error {
	if err := d.sandbox.tell(d.ctx, http.MethodPut, "/faults/destroy-fails", body{"handles": handles}); err != nil {
		return err
	}
	for _, handle := range handles {
		if err := d.plain(handle); err != nil {
			return err
		}
	}
	return nil
}
