package spec

import (
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("list --long", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("b-healthy")
		w.volume("graceful-root", "live", nil)
		w.volume("graceful-get", "live", nil)
		w.create(body{
			"handle": "c-graceful", "root_volume": "graceful-root", "age": "26h", "grace_time": "90m", "no_timer": true,
			"volumes": map[string]string{"graceful-get": "/tmp/build/get"},
			"env":     []string{"BUILD_TEAM_NAME=main", "BUILD_PIPELINE_NAME=web-ui", "BUILD_JOB_NAME=unit", "BUILD_NAME=42"},
		})
		w.orphan("a-leaked")
	})

	It("is a table by handle, with what is told of each container", func() {
		for _, flag := range []string{"--long", "-l"} {
			session := weeder(w, "list", flag)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(Equal(columns(
				[]string{"a-leaked", "6h", "-", "active", "orphan", "get", "a-leaked-root missing, a-leaked-get live"},
				[]string{"b-healthy", "6h", "-", "active", "live", "-", "1 volume"},
				[]string{"c-graceful", "1d2h", "1h30m", "active", "live", "main/web-ui/unit #42 get", "2 volumes"},
			)))
			Expect(stderr(session)).To(BeEmpty())
		}
	})

	It("has a header and colours on a terminal", func() {
		shown := screen(command(w, "list", "--long"))
		Expect(sgr.ReplaceAllString(shown, "")).To(MatchRegexp(`\Ahandle +age +grace +state +verdict +for +volumes\na-leaked `))
		Expect(shown).To(ContainSubstring("\x1b[31morphan\x1b[0m"))
	})

	It("shows what Garden's plain list shows, and nothing hidden", func() {
		w.create(body{"handle": "half-made", "root_volume": "graceful-root", "hidden": true})
		w.create(body{"handle": "depot-only", "root_volume": "graceful-root", "depot_only": true})
		Expect(stdout(weeder(w, "scan"))).To(And(ContainSubstring("half-made"), ContainSubstring("depot-only")))
		Expect(stdout(weeder(w, "list", "--long"))).NotTo(Or(ContainSubstring("half-made"), ContainSubstring("depot-only")))
	})

	It("is empty for an empty worker", func() {
		session := weeder(emptyWorker(), "list", "--long")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(BeEmpty())
	})

	It("asks Garden for no processes, and restarts no grace time", func() {
		before := w.calls()
		Expect(weeder(w, "list", "--long")).To(gexec.Exit(0))
		after := w.calls()
		for _, dear := range []string{"bulk-metrics", "metrics", "info", "properties"} {
			Expect(after[dear]).To(Equal(before[dear]), dear)
		}
		Expect(after["bulk-info"]).To(BeNumerically(">", before["bulk-info"]))
	})

	It("lists without verdicts where the volumes can't be seen, and says why", func() {
		session := weeder(w, "list", "--long", "--volumes=/nowhere")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(MatchRegexp(`(?m)\Aa-leaked +6h +- +active +- +- +-$`))
		Expect(stdout(session)).To(MatchRegexp(`(?m)^c-graceful +1d2h +1h30m +active +- +main/web-ui/unit #42 +-$`))
		Expect(stdout(session)).To(HaveSuffix("\n"))
		Expect(stderr(session)).To(MatchRegexp(`\Awarning: volumes-dir-unusable: use volumes directory /nowhere: [^\n]*\n\z`))
	})

	It("sorts without verdicts too, whatever the order of Garden's list", func() {
		garden := fakeGarden(func(answer http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/containers" {
				fmt.Fprint(answer, `{"Handles":["c","a","b"]}`)
				return
			}
			fmt.Fprint(answer, `{}`)
		})
		garden.Volumes = "/nowhere"
		session := weeder(garden, "list", "--long", "--containerd=")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(MatchRegexp(`\Aa .*\nb .*\nc .*\n\z`))
	})

	It("warns of what makes its verdicts doubtful", func() {
		for _, volume := range []string{"b-healthy-root", "graceful-root", "graceful-get", "a-leaked-get"} {
			w.removeVolume(volume)
		}
		session := weeder(w, "list", "--long")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(ContainSubstring("warning: no-volume-found: "))
	})

	It("fails where Garden can't be asked", func() {
		for _, fault := range []string{"list-fails", "bulk-info-fails"} {
			w.fault(fault)
			session := weeder(w, "list", "--long")
			Expect(session).To(gexec.Exit(1), fault)
			Expect(stdout(session)).To(BeEmpty())
			Expect(stderr(session)).To(HavePrefix("error: "))
			w.mend(fault)
		}
	})

	It("takes no argument", func() {
		Expect(weeder(w, "list", "--long", "a-leaked")).To(gexec.Exit(2))
	})
})
