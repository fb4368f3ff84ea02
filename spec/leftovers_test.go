package spec

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// leftoversReport is what leftovers --json says.
type leftoversReport struct {
	ScannedAt  time.Time `json:"scanned_at"`
	Containers *int
	VolumesDir *string `json:"volumes_dir"`
	Depot      *string
	Leftovers  []leftoverKind
	FileSystem []struct {
		Path       string
		FreeBytes  *uint64 `json:"free_bytes"`
		FreeInodes *uint64 `json:"free_inodes"`
	} `json:"filesystems"`
}

type leftoverKind struct {
	Kind, Status  string
	Count         *int
	Inodes        *uint64
	OldestSeconds *float64 `json:"oldest_seconds"`
	Places        []string
	Examples      []struct{ Path string }
	Problems      []string
}

// paths are those of a kind's examples.
func (k leftoverKind) paths() []string {
	found := []string{}
	for _, example := range k.Examples {
		found = append(found, example.Path)
	}
	return found
}

// What lies under /run is the machine's own here, and shown by the specs of the
// package itself.
var _ = Describe("leftovers", func() {
	var w *worker
	var overlays string

	// has puts leftovers of volumes beside what a healthy container has.
	has := func() {
		GinkgoHelper()
		w.healthy("healthy")
		overlays = filepath.Join(filepath.Dir(w.Volumes), "overlays")
		w.volume("dying", "dead", nil)
		for _, layer := range []string{"healthy-root", "dying", "gone", "work/gone"} {
			Expect(os.MkdirAll(filepath.Join(overlays, layer), 0o755)).To(Succeed())
		}
	}
	leftovers := func(args ...string) *exec.Cmd {
		GinkgoHelper()
		command := command(w, append([]string{"leftovers"}, args...)...)
		// What containerd on this machine has in a namespace does not count.
		command.Env = append(command.Env, "WEEDER_CONTAINERD_NAMESPACE=of-no-other-"+filepath.Base(w.Dir))
		return command
	}
	report := func(session *gexec.Session) leftoversReport {
		GinkgoHelper()
		var r leftoversReport
		Expect(json.Unmarshal(session.Out.Contents(), &r)).To(Succeed(), stdout(session)+stderr(session))
		return r
	}
	found := func(args ...string) leftoversReport {
		GinkgoHelper()
		session := finish(leftovers(append(args, "--json")...))
		Expect(session).To(gexec.Exit(0))
		return report(session)
	}
	kind := func(r leftoversReport, name string) leftoverKind {
		GinkgoHelper()
		for _, one := range r.Leftovers {
			if one.Kind == name {
				return one
			}
		}
		Fail("no " + name + " in the report")
		return leftoverKind{}
	}

	BeforeEach(func() {
		if _, err := os.Stat("/run/containerd/io.containerd.runtime.v2.task"); errors.Is(err, fs.ErrPermission) {
			Skip("left out: this machine's /run/containerd can only be seen by root")
		}
	})

	Context("on Guardian", func() {
		BeforeEach(func() {
			w = emptyWorker()
			has()
			writeFile("{}", w.Depot, "gone", "config.json")
		})

		It("are found in the depot and beside the volumes, and nothing is changed", func() {
			before := names(w.Dir)
			r := found("--older-than=0s")
			Expect(names(w.Dir)).To(Equal(before))

			Expect(r.ScannedAt).To(BeTemporally("~", time.Now(), time.Minute))
			Expect(*r.Containers).To(Equal(1))
			Expect(*r.VolumesDir).To(Equal(w.Volumes))
			Expect(*r.Depot).To(Equal(w.Depot))
			bundles := kind(r, "bundles")
			Expect(bundles.Status).To(Equal("judged"))
			Expect(*bundles.Count).To(Equal(1))
			Expect(*bundles.Inodes).To(BeEquivalentTo(2))
			Expect(bundles.paths()).To(HaveExactElements(filepath.Join(w.Depot, "gone")))
			Expect(kind(r, "dead-volumes").paths()).To(HaveExactElements(filepath.Join(w.Volumes, "dead", "dying")))
			layers := kind(r, "overlays")
			Expect(*layers.Count).To(Equal(1))
			Expect(*layers.Inodes).To(BeEquivalentTo(2))
			Expect(layers.paths()).To(HaveExactElements(filepath.Join(overlays, "gone")))

			Expect(r.FileSystem).To(HaveLen(3))
			for i, path := range []string{w.Volumes, w.Depot, "/run"} {
				Expect(r.FileSystem[i].Path).To(Equal(path))
				Expect(*r.FileSystem[i].FreeBytes).To(BeNumerically(">", 0))
			}
		})

		It("are none that have changed within the hour", func() {
			r := found()
			for _, name := range []string{"bundles", "dead-volumes", "overlays"} {
				Expect(kind(r, name).Status).To(Equal("judged"))
				Expect(*kind(r, name).Count).To(BeZero())
				Expect(kind(r, name).OldestSeconds).To(BeNil())
			}
		})

		It("are a table, with the room that there is below it", func() {
			session := finish(leftovers("--older-than", "0s"))
			Expect(session).To(gexec.Exit(0))
			text := stdout(session)
			Expect(text).To(MatchRegexp(`(?m)^bundles +1 +2 +\S+ +\d+m?s +%s/gone$`, w.Depot))
			Expect(text).To(MatchRegexp(`(?m)^overlays +1 +2 +\S+ +\d+m?s +%s/gone$`, overlays))
			Expect(text).To(MatchRegexp(`\n\n%s  .*\n%s  .*\n/run  .*\n\z`, w.Volumes, w.Depot))
		})

		It("are JSON of the same fields on every worker", func() {
			session := finish(leftovers("--json"))
			Expect(stdout(session)).To(HavePrefix("{\n  \"scanned_at\": \"20"))
			var all map[string]any
			Expect(json.Unmarshal(session.Out.Contents(), &all)).To(Succeed())
			Expect(keys(all)).To(ConsistOf("scanned_at", "target", "containers", "volumes_dir", "depot", "older_than_seconds",
				"leftovers", "filesystems"))
			Expect(all["older_than_seconds"]).To(BeEquivalentTo(3600))
			var kinds []any
			for _, one := range all["leftovers"].([]any) {
				of := one.(map[string]any)
				kinds = append(kinds, of["kind"])
				Expect(keys(of)).To(ConsistOf("kind", "status", "count", "inodes", "inodes_at_least", "free_inodes",
					"oldest_at", "oldest_seconds", "places", "examples", "problems"))
			}
			Expect(kinds).To(ConsistOf("fifos", "bundles", "shims", "network-namespaces", "runc-states", "dead-volumes", "overlays"))
		})

		It("cost Garden its lists and one bulk_info, and keep no container alive", func() {
			w.control("DELETE", "/calls", nil)
			found()
			Expect(keys(w.calls())).To(ConsistOf("list", "list-all", "bulk-info"))
		})

		It("are judged as far as they can be without Garden", func() {
			session := finish(leftovers("--json", "--older-than=0s", "--depot", w.Depot, "--target=unix:///nowhere/garden.sock"))
			Expect(session).To(gexec.Exit(0))
			r := report(session)
			Expect(r.Containers).To(BeNil())
			Expect(kind(r, "bundles").Status).To(Equal("not-judged"))
			Expect(kind(r, "bundles").Count).To(BeNil())
			Expect(kind(r, "bundles").Problems).To(ConsistOf(ContainSubstring("/nowhere/garden.sock")))
			Expect(*kind(r, "dead-volumes").Count).To(Equal(1))
			Expect(stderr(session)).To(MatchRegexp(`(?m)^warning: bundles not judged: .*which containers there are is not known: .*/nowhere/garden.sock`))
		})

		It("are judged as far as they can be without the depot", func() {
			w.control("DELETE", "/containers/healthy", nil)
			r := found("--older-than=0s")
			Expect(r.Depot).To(BeNil())
			Expect(kind(r, "bundles").Problems).To(ConsistOf(HaveSuffix("no container tells (--depot says it)")))
			Expect(*kind(found("--older-than=0s", "--depot", w.Depot), "bundles").Count).To(Equal(1))
		})

		It("are judged as far as they can be without volumes", func() {
			w.Volumes = filepath.Join(GinkgoT().TempDir(), "volumes")
			r := found("--older-than=0s")
			Expect(kind(r, "overlays").Status).To(Equal("not-judged"))
			Expect(kind(r, "dead-volumes").Problems).To(ConsistOf(ContainSubstring("is its disk mounted?")))
			Expect(*kind(r, "bundles").Count).To(Equal(1))
		})

		It("take no age below nothing, nor an argument", func() {
			complains(finish(leftovers("--older-than=-1s")), 2, "--older-than", "negative")
			complains(finish(leftovers("fifos")), 2, `unexpected argument "fifos"`)
		})

		It("are an error where they can't be written", func() {
			for _, args := range [][]string{{"--json"}, {}} {
				full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
				Expect(err).NotTo(HaveOccurred())
				DeferCleanup(full.Close)
				command, said := leftovers(args...), new(strings.Builder)
				command.Stdout, command.Stderr = full, said
				Expect(command.Run()).NotTo(Succeed())
				Expect(said.String()).To(MatchRegexp(`(?m)^error: write output: .*no space left on device$`))
			}
		})
	})

	Context("on containerd", func() {
		BeforeEach(func() {
			w = emptyWorker("--runtime", "containerd")
			has()
		})

		It("need no depot, and ask about no container", func() {
			w.control("DELETE", "/calls", nil)
			r := found("--older-than=0s")
			Expect(keys(w.calls())).To(SatisfyAll(ContainElements("list", "list-all"), Not(ContainElement("properties"))))
			Expect(r.Depot).To(BeNil())
			Expect(kind(r, "bundles").Status).To(Equal("absent"))
			Expect(*kind(r, "overlays").Count).To(Equal(1))
			Expect(stderr(finish(leftovers()))).To(MatchRegexp(`(?m)^no place on this worker for: .*bundles`))
		})
	})
})

// names are all that is below a directory.
func names(dir string) []string {
	GinkgoHelper()
	var found []string
	Expect(filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		found = append(found, path)
		return err
	})).To(Succeed())
	return found
}

// keys are those of a map.
func keys[V any](of map[string]V) []string {
	found := []string{}
	for key := range of {
		found = append(found, key)
	}
	return found
}
