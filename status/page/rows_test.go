package page_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status/page"
)

var _ = Describe("the orphans", func() {
	rows := func(view page.View) []map[string]string { return read(view).part("Orphans").rows() }

	It("are told with what they were for, why, how long, and what keeps them", func() {
		one := orphan("leaked", 80*time.Minute, reaper.Hold{By: reaper.HeldByGrace, Until: now.Add(8 * time.Minute)},
			reaper.Hold{By: reaper.HeldByConfirm})
		one.Container.Purpose = reaper.Purpose{Team: "main", Pipeline: "web-ui", Job: "unit", Build: "42", Step: reaper.StepGet}
		one.Reasons = append(one.Reasons, reaper.Reason{Code: reaper.VolumeIsDead}, reaper.Reason{Code: reaper.VolumeIsDead})
		Expect(rows(quiet(one, found("fine", reaper.Live), found("unknown", reaper.Unknown)))).To(Equal([]map[string]string{{
			"container": "leaked main/web-ui/unit #42 get", "why": "missing volume and 2 more leaked-root",
			"orphan for": "1 h 20 min", "kept by": "its grace until 16:37:14; the next look has to confirm it",
		}}))
	})

	It("come the longest first, those last that nobody knows the time of", func() {
		unknown := orphan("unknown", 0)
		unknown.Since = time.Time{}
		shown := rows(quiet(orphan("a", time.Hour), unknown, orphan("b", 30*time.Hour), orphan("c", time.Second)))
		order := []string{}
		for _, row := range shown {
			order = append(order, row["container"]+" "+row["orphan for"])
		}
		Expect(order).To(Equal([]string{"b 1 d 6 h", "a 1 h", "c 1 s", "unknown not known"}))
	})

	It("are fifty, and the rest is counted", func() {
		var many []reaper.Finding
		for i := range 53 {
			many = append(many, orphan(fmt.Sprint("o-", i), time.Hour-time.Duration(i)*time.Second))
		}
		part := read(quiet(many...)).part("Orphans")
		Expect(part.rows()).To(HaveLen(50))
		Expect(part.rows()[49]["container"]).To(Equal("o-49"))
		Expect(part.text()).To(ContainSubstring("and 3 more: weeder scan --only orphan"))
		Expect(read(quiet(many[:50]...)).part("Orphans").text()).NotTo(ContainSubstring("more"))
	})

	DescribeTable("are kept by",
		func(held reaper.Hold, text string) {
			Expect(rows(quiet(orphan("o", time.Hour, held)))[0]["kept by"]).To(Equal(text))
		},
		Entry(nil, reaper.Hold{By: reaper.HeldByGrace}, "its grace"),
		Entry(nil, reaper.Hold{By: reaper.HeldByAge}, "nothing tells how old it is"),
		Entry(nil, reaper.Hold{By: reaper.HeldByBusy, Detail: "3 processes run in it"}, "3 processes run in it"),
		Entry(nil, reaper.Hold{By: reaper.HeldByProtected, Detail: "--protect x* matches it"}, "--protect x* matches it"),
		Entry(nil, reaper.Hold{By: reaper.HeldByExpiryWait, Until: now.Add(24 * time.Hour)},
			"only expired: baggageclaim has to be heard until 22 Oct 16:29"),
		Entry(nil, reaper.Hold{By: reaper.HeldByBackoff, Until: now.Add(time.Minute)}, "destroying it failed: it rests until 16:30:14"),
		Entry(nil, reaper.Hold{By: reaper.HeldByCap}, "others come first in this look"),
		Entry(nil, reaper.Hold{By: reaper.HeldByInterlock}, "an interlock: see the top"),
		Entry("one that is new", reaper.Hold{By: "newer"}, "newer"),
	)

	It("name three holds, and count the rest", func() {
		one := orphan("o", time.Hour)
		for range 5 {
			one.Holds = append(one.Holds, reaper.Hold{By: reaper.HeldByAge})
		}
		Expect(rows(quiet(one))[0]["kept by"]).To(HaveSuffix("how old it is; 2 more"))
	})

	It("say what becomes of them", func() {
		view := quiet(orphan("due", 3*time.Hour), orphan("going", 2*time.Hour), orphan("gone", time.Hour, reaper.Hold{By: reaper.HeldByAge}))
		view.Destroying = map[string]time.Time{"going": now.Add(-5 * time.Second)}
		view.Gone = map[string]time.Time{"gone": now.Add(-4 * time.Second)}
		kept := func() (texts []string) {
			for _, row := range rows(view) {
				texts = append(texts, row["kept by"])
			}
			return texts
		}
		Expect(kept()).To(Equal([]string{
			"nothing: it goes next", "nothing: it is being destroyed since 16:29:09", "nothing: it was destroyed 16:29:10"}))
		view.DryRun = true
		Expect(kept()[0]).To(Equal("nothing but the dry run"))
	})

	DescribeTable("have reasons",
		func(code reaper.Code, text string) {
			one := orphan("o", time.Hour)
			one.Reasons = []reaper.Reason{{Code: code, Volume: "v"}}
			Expect(rows(quiet(one))[0]["why"]).To(Equal(text))
		},
		Entry(nil, reaper.VolumeIsMissing, "missing volume v"),
		Entry(nil, reaper.VolumeIsDead, "volume being torn down v"),
		Entry(nil, reaper.VolumeExpired, "expired volume v"),
		Entry("one that is new", reaper.Code("newer"), "newer v"),
	)
})

var _ = Describe("the stuck ones", func() {
	It("are told with their tries, the last error and the next try", func() {
		one := stuck("a", "destroy a: runc: container init still running")
		one.Holds = []reaper.Hold{{By: reaper.HeldByBackoff, Until: now.Add(90 * time.Second)}}
		d := read(quiet(one, stuck("b", "no"), orphan("c", time.Hour)))
		Expect(d.part("Stuck").rows()).To(Equal([]map[string]string{
			{"container": "a", "tries": "7", "last error": "runc: container init still running", "tried again": "16:30:44 (in 1 min 30 s)"},
			{"container": "b", "tries": "7", "last error": "no", "tried again": "with the next look"},
		}))
		Expect(d.part("Orphans").rows()[0]["orphan for"]).To(Equal("1 h stuck"))
	})

	It("are twenty, and the rest is counted; those that are gone are none", func() {
		var many []reaper.Finding
		for i := range 24 {
			many = append(many, stuck(fmt.Sprint("s-", i), "no"))
		}
		view := quiet(many...)
		view.Gone = map[string]time.Time{"s-0": now}
		part := read(view).part("Stuck")
		Expect(part.rows()).To(HaveLen(20))
		Expect(part.rows()[0]["container"]).To(Equal("s-1"))
		Expect(read(view).figures()).To(HaveKeyWithValue("stuck", "23"))
		Expect(part.text()).To(ContainSubstring("and 3 more: weeder scan --only orphan"))
	})
})

var _ = Describe("what is being destroyed", func() {
	It("is told, what hangs first", func() {
		view := quiet()
		view.Destroying = map[string]time.Time{"b": now.Add(-time.Second), "a": now.Add(-time.Second), "hangs": now.Add(-2 * time.Hour)}
		Expect(read(view).part("Being destroyed").items()).To(Equal(
			[]string{"hangs since 14:29:14 (2 h ago)", "a since 16:29:13 (1 s ago)", "b since 16:29:13 (1 s ago)"}))
	})

	It("is counted beyond ten", func() {
		view := quiet()
		view.Destroying = map[string]time.Time{}
		for i := range 12 {
			view.Destroying[fmt.Sprint("d-", i)] = now
		}
		part := read(view).part("Being destroyed")
		Expect(part.items()).To(HaveLen(10))
		Expect(part.text()).To(HaveSuffix("and 2 more"))
	})
})

var _ = Describe("the last events", func() {
	at := now.Add(-26 * time.Hour)
	DescribeTable("are told",
		func(event reaper.Event, what, container, why string) {
			event.Time = at
			view := quiet()
			view.Events = []page.Event{page.NewEvent(event)}
			Expect(read(view).part("Last events").rows()).To(Equal([]map[string]string{
				{"when": "20 Oct 14:29 (1 d 2 h ago)", "what": what, "container": container, "why": why}}))
		},
		Entry(nil, reaper.Event{Name: reaper.EventFlagged, Handle: "h", Reasons: []reaper.Reason{{Code: reaper.VolumeExpired, Volume: "v"}, {}}},
			"leaked", "h", "expired volume v and 1 more"),
		Entry(nil, reaper.Event{Name: reaper.EventCleared, Handle: "h", Note: "it is gone", Reasons: []reaper.Reason{{Code: "x"}}},
			"is no orphan any more", "h", "it is gone"),
		Entry(nil, reaper.Event{Name: reaper.EventWouldDestroy, Handle: "h"}, "would be destroyed", "h", ""),
		Entry(nil, reaper.Event{Name: reaper.EventDestroying, Handle: "h"}, "destroy begun", "h", ""),
		Entry(nil, reaper.Event{Name: reaper.EventDestroyed, Handle: "h"}, "destroyed", "h", ""),
		Entry(nil, reaper.Event{Name: reaper.EventDestroyFailed, Handle: "h", Err: errors.New("no"), Reasons: []reaper.Reason{{Code: "x"}}},
			"destroy failed", "h", "no"),
		Entry(nil, reaper.Event{Name: reaper.EventStuck, Handle: "h", Err: errors.New("no")}, "stuck", "h", "no"),
		Entry(nil, reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.Starting, On: true, Note: "it watches"},
			"interlock on: starting", "", "it watches"),
		Entry(nil, reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.Starting}, "interlock off: starting", "", ""),
		Entry("a new one", reaper.Event{Name: "newer"}, "newer", "", ""),
	)

	It("are twenty", func() {
		view := quiet()
		for i := range 25 {
			view.Events = append(view.Events, page.Event{Time: now, Name: reaper.EventFlagged, Handle: fmt.Sprint(i)})
		}
		Expect(read(view).part("Last events").rows()).To(HaveLen(20))
		Expect(read(view).part("Last events").rows()[0]["container"]).To(Equal("0"))
	})

	It("are kept as short as they are shown", func() {
		long := strings.Repeat("x", 1<<20)
		event := page.NewEvent(reaper.Event{Handle: long, Err: errors.New(long)})
		Expect(len(event.Handle) + len(event.Why)).To(BeNumerically("<", 300))
	})
})
