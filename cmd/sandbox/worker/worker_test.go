package worker_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
	"weeder/cmd/sandbox/worker"
)

var now = time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)

var _ = Describe("People", func() {
	var dir volumes.Dir

	BeforeEach(func() { dir = volumes.Dir(GinkgoT().TempDir()) })

	people := func(options worker.Options) []backend.Container {
		GinkgoHelper()
		options.Now = now
		containers, err := worker.People(dir, options)
		Expect(err).NotTo(HaveOccurred())
		return containers
	}
	handlesIn := func(state string) []string {
		GinkgoHelper()
		entries, err := os.ReadDir(filepath.Join(string(dir), state))
		Expect(err).NotTo(HaveOccurred())
		handles := []string{}
		for _, entry := range entries {
			handles = append(handles, entry.Name())
		}
		return handles
	}
	// verdict judges a container by its bundle, as simply as can be.
	verdict := func(container backend.Container) string {
		verdict := "foreign"
		for _, path := range append([]string{container.Root}, sources(container)...) {
			inVolume, ok := strings.CutPrefix(path, filepath.Join(string(dir), "live")+"/")
			if !ok {
				continue
			}
			handle, _, _ := strings.Cut(inVolume, "/")
			if reason := reasonFor(dir, handle); reason != "" {
				return reason
			}
			verdict = "live"
		}
		return verdict
	}
	tally := func(containers []backend.Container) map[string]int {
		verdicts := map[string]int{}
		for _, container := range containers {
			verdicts[verdict(container)]++
		}
		return verdicts
	}

	DescribeTable("has as many of each as asked for",
		func(options worker.Options, verdicts map[string]int) {
			containers := people(options)
			Expect(containers).To(HaveLen(options.Containers))
			Expect(tally(containers)).To(Equal(verdicts))

			total := len(handlesIn("init")) + len(handlesIn("live")) + len(handlesIn("dead"))
			Expect(total).To(Equal(2 * options.Containers))
		},
		Entry("by default", worker.Options{Containers: 12, Leaked: 3},
			map[string]int{"live": 8, "foreign": 1, "missing": 3}),
		Entry("with leaked ones of every kind", worker.Options{Containers: 30, Leaked: 9},
			map[string]int{"live": 20, "foreign": 1, "missing": 5, "expired": 2, "dead": 2}),
		Entry("without the incident", worker.Options{Containers: 12, Leaked: 4, NoIncident: true},
			map[string]int{"live": 7, "foreign": 1, "missing": 2, "expired": 1, "dead": 1}),
		Entry("with none leaked", worker.Options{Containers: 12}, map[string]int{"live": 11, "foreign": 1}),
		Entry("with all leaked", worker.Options{Containers: 2, Leaked: 2}, map[string]int{"missing": 2}),
		Entry("with none", worker.Options{}, map[string]int{}),
		Entry("over containerd, without the incident", worker.Options{Containerd: true, Containers: 12, Leaked: 3},
			map[string]int{"live": 8, "foreign": 1, "missing": 2, "dead": 1}),
		Entry("over containerd with leaked ones of every kind", worker.Options{Containerd: true, Containers: 30, Leaked: 9},
			map[string]int{"live": 20, "foreign": 1, "missing": 6, "dead": 3}),
	)

	It("makes the same handles of the same seed, v4 UUIDs", func() {
		handles := func(seed uint64) []string {
			dir = volumes.Dir(GinkgoT().TempDir())
			var handles []string
			for _, container := range people(worker.Options{Containers: 12, Leaked: 3, NoIncident: true, Seed: seed}) {
				handles = append(handles, container.Handle)
			}
			return append(handles, handlesIn("live")...)
		}
		first := handles(1)
		Expect(handles(1)).To(Equal(first))
		Expect(handles(2)).NotTo(ContainElements(first[0]))

		uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
		for _, handle := range first {
			Expect(handle).To(MatchRegexp(uuid.String()))
		}
	})

	It("makes containers as old as asked for", func() {
		for _, container := range people(worker.Options{Containers: 70, Age: time.Hour}) {
			Expect(now.Sub(container.CreatedAt)).To(And(BeNumerically(">=", time.Hour), BeNumerically("<", 2*time.Hour)))
		}
		for _, container := range people(worker.Options{Containers: 2}) {
			Expect(now.Sub(container.CreatedAt)).To(BeNumerically(">=", worker.DefaultAge))
		}
	})

	It("has expired volumes on a young worker too", func() {
		containers := people(worker.Options{Containers: 4, Leaked: 4, NoIncident: true, Age: time.Minute})
		Expect(tally(containers)).To(HaveKeyWithValue("expired", 1))
	})

	It("gives them all the grace time, but the incident's", func() {
		for _, container := range people(worker.Options{Containers: 12, Leaked: 3, GraceTime: time.Minute}) {
			Expect(container.GraceTime == time.Minute).To(Equal(container.Handle != worker.IncidentContainer))
		}
	})

	It("has three generations of live ones", func() {
		var ttls, none, children int
		people(worker.Options{Containers: 9})
		for _, handle := range handlesIn("live") {
			live := filepath.Join(string(dir), "live", handle)
			if _, err := os.Lstat(filepath.Join(live, "parent")); err == nil {
				children++
			}
			if _, err := os.Stat(filepath.Join(live, "ttl.json")); err != nil {
				none++
			} else {
				ttls++
			}
		}
		Expect(ttls).To(BeNumerically(">", 0))
		Expect(none).To(BeNumerically(">", 0))
		Expect(children).To(BeNumerically(">", 0))
	})

	It("names the same volumes in properties as in the bundle", func() {
		for _, container := range people(worker.Options{Containers: 24}) {
			named := container.Properties["concourse:volumes"]
			if named == "" {
				continue
			}
			var handles []string
			Expect(json.Unmarshal([]byte(named), &handles)).To(Succeed())
			Expect(handles).To(HaveLen(2))
			Expect(container.Root).To(Equal(dir.Data(handles[1])))
			Expect(container.Binds[0].Source).To(Equal(dir.Data(handles[0])))
			Expect(container.Properties["concourse:volume-mounts"]).To(MatchJSON(`{"` + handles[0] + `":"/tmp/build/get"}`))
		}
	})

	It("has gets, tasks and checks among those of release 3 and later", func() {
		for _, containerd := range []bool{false, true} {
			dir = volumes.Dir(GinkgoT().TempDir())
			steps := map[string]int{}
			for _, container := range people(worker.Options{Containers: 60, Containerd: containerd}) {
				if container.Env == nil {
					continue
				}
				steps[container.Binds[0].Destination]++
				inJob := ContainElement(HavePrefix("BUILD_JOB_NAME="))
				switch container.Binds[0].Destination {
				case "/tmp/build/get":
					Expect(container.Env).To(inJob)
				case "/scratch":
					Expect(container.Env).To(And(ContainElement("BUILD_NAME=check"), Not(inJob)))
				default:
					Expect(container.Env).NotTo(ContainElement(HavePrefix("BUILD_")))
				}
			}
			Expect(steps).To(HaveLen(3))
		}
	})

	It("makes the incident as it was", func() {
		containers := people(worker.Options{Containers: 1, Leaked: 1})
		Expect(containers).To(HaveLen(1))
		Expect(containers[0].Handle).To(Equal("eb8f2bbf-86e1-4603-4881-548c9133aa62"))
		Expect(containers[0].Properties).To(And(
			HaveLen(2),
			HaveKeyWithValue("garden.grace-time", "300000000000"),
			HaveKeyWithValue("concourse:volumes",
				`["88914c83-fc71-4358-4f3f-b886429f9013","1a657656-9647-4bee-54be-8505eb323b9e"]`),
		))
		Expect(containers[0].NoTimer).To(BeTrue())
		Expect(containers[0].Root).To(Equal(dir.Data("1a657656-9647-4bee-54be-8505eb323b9e")))
		Expect(containers[0].Binds).To(ConsistOf(backend.Bind{
			Source: dir.Data("88914c83-fc71-4358-4f3f-b886429f9013"), Destination: "/tmp/build/get",
		}))

		live := filepath.Join(string(dir), "live", "88914c83-fc71-4358-4f3f-b886429f9013")
		Expect(os.ReadFile(filepath.Join(live, "ttl.json"))).To(BeEquivalentTo("{\"ttl\":0,\"expires_at\":1477060154}\n}\n"))
		Expect(os.ReadFile(filepath.Join(live, "properties.json"))).To(HaveLen(461))
		Expect(dir.Data("1a657656-9647-4bee-54be-8505eb323b9e")).NotTo(BeAnExistingFile())
	})

	It("refuses more leaked ones than there are", func() {
		_, err := worker.People(dir, worker.Options{Containers: 1, Leaked: 2})
		Expect(err).To(MatchError("2 leaked containers of 1"))
	})
})

func sources(container backend.Container) []string {
	var sources []string
	for _, bind := range container.Binds {
		sources = append(sources, bind.Source)
	}

	return sources
}

func reasonFor(dir volumes.Dir, handle string) string {
	in := func(state string) string { return filepath.Join(string(dir), state, handle) }
	if _, err := os.Stat(in("live")); err != nil {
		if _, err := os.Stat(in("dead")); err == nil {
			return "dead"
		}
		return "missing"
	}

	file, err := os.Open(filepath.Join(in("live"), "ttl.json"))
	if err != nil {
		return ""
	}
	defer file.Close()
	var ttl struct {
		TTL       int   `json:"ttl"`
		ExpiresAt int64 `json:"expires_at"`
	}
	Expect(json.NewDecoder(file).Decode(&ttl)).To(Succeed())
	if ttl.TTL > 0 && time.Unix(ttl.ExpiresAt, 0).Before(now) {
		return "expired"
	}

	return ""
}
