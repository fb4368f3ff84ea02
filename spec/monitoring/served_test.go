package monitoring

import (
	"context"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"time"

	"code.cloudfoundry.org/clock"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status"
	"weeder/status/leftovers"
)

// series are metrics by their names: each label with the values that it has.
type series map[string]map[string][]string

// add adds one, with its labels as they are served.
func (s series) add(name string, labels map[string]string) {
	if s[name] == nil {
		s[name] = map[string][]string{}
	}
	for label, value := range labels {
		s[name][label] = append(s[name][label], value)
	}
}

var (
	sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)
	pair   = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
	family = regexp.MustCompile(`(?m)^# TYPE (\S+)`)
)

// scraped reads what was served.
func scraped(text string) series {
	GinkgoHelper()
	found := series{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		Expect(parts).NotTo(BeNil(), "%q is no sample", line)
		labels := map[string]string{}
		for _, p := range pair.FindAllStringSubmatch(parts[2], -1) {
			labels[p[1]] = p[2]
		}
		found.add(parts[1], labels)
	}
	return found
}

// everything is what is served of a worker that has something of all there is.
func everything() string {
	GinkgoHelper()
	var around leftovers.Report
	for _, kind := range []leftovers.Kind{
		leftovers.FIFOs, leftovers.Bundles, leftovers.Shims, leftovers.NetworkNamespaces,
		leftovers.RuncStates, leftovers.DeadVolumes, leftovers.Overlays,
	} {
		around.Kinds = append(around.Kinds, leftovers.Finding{Kind: kind})
	}
	free := uint64(1 << 30)
	for _, path := range []string{"/var/vcap/data/worker/work/volumes", "/var/vcap/data/garden/depot", "/run"} {
		around.FileSystems = append(around.FileSystems, leftovers.FileSystem{Path: path, FreeBytes: &free, FreeInodes: &free})
	}
	shown := status.New(status.Config{
		MaxContainers: 250, Interval: 30 * time.Second, Timeout: 10 * time.Second, Version: "1.2.3", Clock: clock.NewClock(),
		Leftovers: func(context.Context) (leftovers.Report, error) { return around, nil },
	})
	shown.Passed(reaper.Report{At: time.Now(), Judged: true, Baggageclaim: reaper.Answered})
	shown.Happened(reaper.Event{Name: reaper.EventFlagged}, nil)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shown.Watch(ctx)
	}()
	defer func() {
		cancel()
		Eventually(ended).Should(BeClosed())
	}()
	text := func() string {
		answer := httptest.NewRecorder()
		shown.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		return answer.Body.String()
	}
	Eventually(text).Should(ContainSubstring("weeder_leftovers"))
	return text()
}

// known is what expressions can ask for: what weeder serves, as Prometheus keeps
// it, and what the rules record.
func known(rules []rule) series {
	GinkgoHelper()
	all := scraped(everything())
	all.add("up", nil)
	for _, r := range rules {
		if r.Record != "" {
			all.add(r.Record, nil)
		}
	}
	for _, labels := range all {
		labels["job"], labels["instance"] = []string{"weeder"}, []string{"worker:7790"}
	}
	return all
}

// check is what is wrong with what an expression asks for.
func (s series) check(text string) (mistakes []string) {
	GinkgoHelper()
	asked := parse(text)
	labels := map[string]bool{}
	for _, want := range asked.selectors {
		served, found := s[want.name]
		if !found {
			mistakes = append(mistakes, "nobody serves "+want.name)
			continue
		}
		for label := range maps.Keys(served) {
			labels[label] = true
		}
		for _, m := range want.matchers {
			values, found := served[m.label]
			switch matching := slices.ContainsFunc(values, m.matches); {
			case !found:
				mistakes = append(mistakes, want.name+" has no label "+m.label)
			case !matching:
				mistakes = append(mistakes, want.name+" has no "+m.label+m.operator+m.value)
			case m.operator[0] == '!' && !slices.ContainsFunc(values, func(v string) bool { return !m.matches(v) }):
				mistakes = append(mistakes, want.name+" has nothing but "+m.label+m.operator+m.value)
			}
		}
	}
	for _, label := range asked.labels {
		if !labels[label] {
			mistakes = append(mistakes, "nothing in it has the label "+label)
		}
	}
	return mistakes
}

var _ = Describe("the check of an expression", func() {
	DescribeTable("finds what nobody serves",
		func(text string, mistakes ...string) {
			Expect(known(nil).check(text)).To(ConsistOf(mistakes))
		},
		Entry("not", `sum by (verdict, instance) (weeder_containers{verdict=~"live|orphan"}) and up{job="weeder"} == 0`),
		Entry("a metric", `weeder_orphan > 0`, "nobody serves weeder_orphan"),
		Entry("a metric of another prefix", `weedr_stuck > 0`, "nobody serves weedr_stuck"),
		Entry("a label", `weeder_stuck{verdict="live"}`, "weeder_stuck has no label verdict"),
		Entry("a value", `weeder_interlock{name="garden"}`, "weeder_interlock has no name=garden"),
		Entry("a value that is excluded", `weeder_interlock{name!="start"}`, "weeder_interlock has nothing but name!=start"),
		Entry("a label to group by", `sum by (kind) (weeder_volumes)`, "nothing in it has the label kind"),
	)
})

// families are the names of what is served, as its types tell them.
func families(text string) []string {
	var names []string
	for _, found := range family.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}
