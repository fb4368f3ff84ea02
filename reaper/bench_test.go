package reaper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"

	"weeder/reaper"
)

var benchSizes = []int{250, 1000, 10_000}

// benchWorker is a worker in memory: containers of Concourse 2.x with two volumes
// each, told by their properties and their bundles, a twentieth of them leaked.
type benchWorker struct {
	containers []reaper.Container
	garden     *fakeGarden
	volumes    *fakeVolumes
}

func newBenchWorker(size int) benchWorker {
	w := benchWorker{
		garden:  &fakeGarden{calls: &calls{}, sightings: map[string]reaper.Sighting{}},
		volumes: &fakeVolumes{calls: &calls{}, volumes: map[string]reaper.Volume{}, identity: "1:2"},
	}
	for i := range size {
		handle := fmt.Sprintf("88914c83-fc71-4358-4f3f-%012d", i)
		data, root := "d"+handle[1:], "a"+handle[1:]
		w.volumes.put(expiring(data, time.Hour, now.Add(time.Hour)))
		if i%20 > 0 {
			w.volumes.put(live(root))
		}
		sighting := reaper.Sighting{
			State: "active", Properties: propertiesOf(data, root), CreatedAt: now.Add(-24 * time.Hour),
			SpecSource: reaper.SourceBundle,
			Spec: &reaper.Spec{
				Root:  "/volumes/live/" + root + "/volume",
				Binds: []reaper.Bind{{Source: "/volumes/live/" + data + "/volume", Destination: "/tmp/build/get"}},
			},
		}
		w.garden.plain = append(w.garden.plain, handle)
		w.garden.sightings[handle] = sighting

		container := uses(data, root)
		container.Handle = handle
		references, _ := reaper.SpecReferences(*sighting.Spec, sighting.SpecSource, w.volumes.Under)
		container.References = append(container.References, references...)
		w.containers = append(w.containers, container)
	}
	return w
}

func forBenchSizes(b *testing.B, each func(*testing.B, benchWorker)) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := newBenchWorker(size)
			b.ReportAllocs()
			each(b, w)
		})
	}
}

// BenchmarkJudge judges every container of a worker once.
func BenchmarkJudge(b *testing.B) {
	forBenchSizes(b, func(b *testing.B, w benchWorker) {
		for b.Loop() {
			for _, container := range w.containers {
				reaper.Judge(container, func(handle string) reaper.Volume { return w.volumes.volumes[handle] }, now, reaper.DefaultPolicy())
			}
		}
	})
}

// BenchmarkWeigh weighs every container of a worker once.
func BenchmarkWeigh(b *testing.B) {
	forBenchSizes(b, func(b *testing.B, w benchWorker) {
		judgements := make([]reaper.Judgement, len(w.containers))
		for i, container := range w.containers {
			judgements[i] = reaper.Judge(container, func(handle string) reaper.Volume { return w.volumes.volumes[handle] }, now, reaper.DefaultPolicy())
		}
		for b.Loop() {
			for i, container := range w.containers {
				reaper.Weigh(container, judgements[i], now, reaper.DefaultPolicy(), reaper.Circumstances{})
			}
		}
	})
}

// BenchmarkSeenPass is a pass over containers that are known, but for the reading:
// Garden and the disk are in memory.
func BenchmarkSeenPass(b *testing.B) {
	forBenchSizes(b, func(b *testing.B, w benchWorker) {
		worker := w.worker()
		worker.Pass(context.Background(), reaper.Question{Policy: reaper.DefaultPolicy()})
		for b.Loop() {
			worker.Pass(context.Background(), reaper.Question{Policy: reaper.DefaultPolicy()})
		}
	})
}

// BenchmarkFirstPass is a pass over containers that nobody has seen, but for the
// reading.
func BenchmarkFirstPass(b *testing.B) {
	forBenchSizes(b, func(b *testing.B, w benchWorker) {
		for b.Loop() {
			w.worker().Pass(context.Background(), reaper.Question{Policy: reaper.DefaultPolicy()})
			w.garden.forget()
		}
	})
}

func (w benchWorker) worker() *reaper.Worker {
	return &reaper.Worker{Garden: w.garden, Volumes: w.volumes, Clock: fakeclock.NewFakeClock(now)}
}

// BenchmarkSafeHandle checks a handle as Concourse makes them.
func BenchmarkSafeHandle(b *testing.B) {
	for b.Loop() {
		if !reaper.SafeHandle("88914c83-fc71-4358-4f3f-b886429f9013") {
			b.Fatal("it is not safe")
		}
	}
}
