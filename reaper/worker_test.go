package reaper_test

import (
	"context"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/lager/v3/lagertest"
	. "github.com/onsi/ginkgo/v2"

	"weeder/reaper"
)

// fakeWorker is a Concourse worker made of fakes. It starts with one live
// container, so that its volumes directory is in use, and with a
// baggageclaim that knows of no volume that is not on the disk.
type fakeWorker struct {
	*calls
	*reaper.Worker
	clock        *fakeclock.FakeClock
	garden       *fakeGarden
	volumes      *fakeVolumes
	baggageclaim *fakeBaggageclaim
	sightings    fakeSightings
	recorder     *fakeRecorder
	log          *lagertest.TestLogger
	question     reaper.Question
}

func newWorker() *fakeWorker {
	calls := &calls{}
	w := &fakeWorker{
		calls:        calls,
		clock:        fakeclock.NewFakeClock(now),
		garden:       &fakeGarden{calls: calls, sightings: map[string]reaper.Sighting{}, usages: map[string]reaper.Usage{}},
		volumes:      &fakeVolumes{calls: calls, volumes: map[string]reaper.Volume{}, identity: "8:1 2"},
		baggageclaim: &fakeBaggageclaim{calls: calls},
		sightings:    fakeSightings{},
		recorder:     &fakeRecorder{calls: calls},
		log:          lagertest.NewTestLogger("reaper"),
		question:     reaper.Question{Policy: reaper.DefaultPolicy()},
	}
	w.Worker = &reaper.Worker{
		Garden: w.garden, Volumes: w.volumes, Baggageclaim: w.baggageclaim, Sightings: w.sightings, Clock: w.clock,
	}
	w.container("a-live", live("v-live"))
	return w
}

// container adds a container a day old, its init alone in it, that refers to
// volumes, the last one its root. Those missing are only referred to.
func (w *fakeWorker) container(handle string, volumes ...reaper.Volume) {
	handles := make([]string, len(volumes))
	for i, volume := range volumes {
		handles[i] = volume.Handle
		if volume.State != reaper.VolumeMissing {
			w.volumes.put(volume)
		}
	}
	w.garden.mutex.Lock()
	defer w.garden.mutex.Unlock()
	w.garden.plain = append(w.garden.plain, handle)
	w.garden.sightings[handle] = reaper.Sighting{
		State: "active", Properties: propertiesOf(handles...), CreatedAt: now.Add(-24 * time.Hour),
	}
	w.garden.usages[handle] = reaper.Usage{Processes: 1}
}

// orphan adds a container that nothing holds, its root volume missing.
func (w *fakeWorker) orphan(handle string) {
	w.container(handle, volume("v-"+handle, reaper.VolumeMissing))
}

func (w *fakeWorker) sight(handle string, change func(*reaper.Sighting)) {
	w.garden.mutex.Lock()
	defer w.garden.mutex.Unlock()
	sighting := w.garden.sightings[handle]
	change(&sighting)
	w.garden.sightings[handle] = sighting
}

func (w *fakeWorker) pass() reaper.Report {
	return w.Pass(context.Background(), w.question)
}

func (w *fakeWorker) reaper() *reaper.Reaper {
	return &reaper.Reaper{Worker: w.Worker, Recorder: w.recorder, Logger: w.log}
}

// reap passes and destroys what is due.
func (w *fakeWorker) reap() reaper.Outcome {
	return w.reaper().Reap(context.Background(), w.pass(), w.question)
}

// finding is what a pass found about one container.
func finding(report reaper.Report, handle string) reaper.Finding {
	for _, finding := range report.Findings {
		if finding.Container.Handle == handle {
			return finding
		}
	}
	Fail("the pass found no " + handle)
	return reaper.Finding{}
}

func interlocks(on []reaper.Interlock) []reaper.InterlockName {
	names := []reaper.InterlockName{}
	for _, interlock := range on {
		names = append(names, interlock.Name)
	}
	return names
}

func handles(findings []reaper.Finding) []string {
	handles := []string{}
	for _, finding := range findings {
		handles = append(handles, finding.Container.Handle)
	}
	return handles
}
