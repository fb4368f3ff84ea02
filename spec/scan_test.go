package spec

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/reaper"
)

var _ = Describe("scan", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("healthy")
	})

	It("shows the verdicts of --only alone, and counts all", func() {
		w.orphan("leaked")
		w.create(body{"handle": "foreign", "root_path": "/var/lib/other/rootfs", "age": "6h"})
		w.create(body{"handle": "dark", "no_bundle": true, "age": "6h"})

		handles := func(args ...string) []string {
			GinkgoHelper()
			found := scan(w, args...)
			Expect(found.Summary).To(HaveKeyWithValue("containers", HaveValue(Equal(4))))
			Expect(found.Summary).To(HaveKeyWithValue("orphan", HaveValue(Equal(1))))
			handles := []string{}
			for _, container := range found.Containers {
				handles = append(handles, container.Handle)
			}
			return handles
		}
		Expect(handles()).To(Equal([]string{"dark", "foreign", "healthy", "leaked"}))
		Expect(handles("--only=orphan")).To(Equal([]string{"leaked"}))
		Expect(handles("--only=unknown")).To(Equal([]string{"dark"}))
		Expect(handles("--only=foreign", "--only", "live")).To(Equal([]string{"foreign", "healthy"}))

		Expect(stdout(weeder(w, "scan", "--only=orphan"))).To(MatchRegexp(`\Aleaked +orphan [^\n]*\n\z`))
	})

	It("marks one that is stuck behind its reasons", func() {
		w.volume("leaked-get", "dead", nil)
		w.create(body{"handle": "leaked", "root_volume": "leaked-root", "age": "6h", "volumes": map[string]string{"leaked-get": "/tmp/build/get"}})
		orphan := remembered()
		orphan.Failures = reaper.StuckAfter
		w.rememberAs(map[string]reaper.PastOrphan{"leaked": orphan})
		Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`(?m)^leaked +orphan +6h +- +volume-missing, volume-dead \(stuck\)  `))
	})

	It("settles on stderr what is listed, what is hidden and how many slots that takes", func() {
		w.orphan("leaked")
		Expect(stderr(weeder(w, "scan"))).To(MatchRegexp(`\A2 of \d+ slots used: 2 containers listed by Garden, 0 hidden; 1 orphan, 1 live; 1 to reap now\n\z`))
		w.create(body{"handle": "half-made", "root_volume": "healthy-root", "hidden": true, "age": "6h"})
		session := weeder(w, "scan", "--only=orphan")
		Expect(stderr(session)).To(MatchRegexp(`\A3 of \d+ slots used: 2 containers listed by Garden, 1 hidden; 1 orphan, 2 live; 1 to reap now\n\z`))
		Expect(stderr(weeder(w, "scan", "--json"))).To(BeEmpty())

		By("agreeing with Garden's list")
		Expect(strings.Fields(stdout(weeder(w, "list")))).To(HaveLen(2))
	})

	It("settles it where there is none, and asks whether that can be", func() {
		w = emptyWorker()
		warning := "warning: garden at " + w.Target + " lists no container: is it the right one, and has it finished starting?\n"
		session := weeder(w, "scan")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(BeEmpty())
		Expect(stderr(session)).To(MatchRegexp(`\A` + regexp.QuoteMeta(warning) + `0 of \d+ slots used: 0 containers listed by Garden, 0 hidden; 0 to reap now\n\z`))

		session = weeder(w, "scan", "--json")
		Expect(session).To(gexec.Exit(0))
		Expect(parse(session).Containers).To(BeEmpty())
		Expect(stderr(session)).To(Equal(warning))
	})

	It("does not ask whether that can be where it could not judge", func() {
		w = emptyWorker()
		w.fault("list-fails")
		complains(weeder(w, "scan"), 1, "garden-unreachable")
	})

	Context("with --exit-code", func() {
		It("exits 0 without orphans", func() {
			Expect(weeder(w, "scan", "--exit-code")).To(gexec.Exit(0))
			Expect(weeder(w, "scan", "--exit-code", "--json")).To(gexec.Exit(0))
		})

		It("exits 3 with orphans, shown or not, held or not", func() {
			w.orphan("leaked")
			Expect(weeder(w, "scan")).To(gexec.Exit(0))
			for _, args := range [][]string{{}, {"--json"}, {"--only=live"}, {"--grace=7h"}, {"--baggageclaim=127.0.0.1:1"}} {
				session := weeder(w, append([]string{"scan", "--exit-code"}, args...)...)
				Expect(session).To(gexec.Exit(3), "%v", args)
				Expect(stdout(session)).NotTo(BeEmpty())
				Expect(stderr(session)).NotTo(ContainSubstring("error: "))
			}
		})

		It("exits 1 when it can't judge", func() {
			w.orphan("leaked")
			Expect(weeder(w, "scan", "--exit-code", "--volumes=/nowhere")).To(gexec.Exit(1))
			Expect(weeder(w, "scan", "--exit-code", "--json", "--volumes=/nowhere")).To(gexec.Exit(1))
			w.fault("list-fails")
			Expect(weeder(w, "scan", "--exit-code")).To(gexec.Exit(1))
			Expect(weeder(w, "scan", "--exit-code", "--json")).To(gexec.Exit(1))
		})
	})

	Context("with --json", func() {
		// steady takes out what is of the moment, having looked at its form.
		steady := func(session *gexec.Session) string {
			GinkgoHelper()
			text := stdout(session)
			for _, moment := range []struct{ form, word string }{
				{`"scanned_at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`, `"scanned_at": "NOW"`},
				{`"age_seconds": 2160\d(\.\d+)?`, `"age_seconds": SIX HOURS`},
				{regexp.QuoteMeta(w.Target), "TARGET"},
				{regexp.QuoteMeta(w.Volumes), "VOLUMES"},
			} {
				form := regexp.MustCompile(moment.form)
				text = form.ReplaceAllString(text, moment.word)
			}
			return text
		}

		It("prints the fields of the design, null for what is not known", func() {
			w.control(http.MethodDelete, "/containers/healthy", nil)
			w.volume("expired", "live", &ttl{seconds: 300, expiresAt: time.Date(2016, 10, 21, 16, 29, 14, 0, time.FixedZone("CEST", 7200))})
			w.create(body{
				"handle": "leaked", "root_volume": "gone", "age": "6h", "grace_time": "5m", "no_timer": true,
				"volumes": map[string]string{"expired": "/tmp/build/get"},
			})
			w.create(body{
				"handle": "modern", "no_bundle": true, "age": "6h",
				"properties": map[string]string{"concourse:volumes": `["lasting","root"]`},
			})
			w.volume("lasting", "live", nil)
			w.volume("root", "init", nil)
			w.create(body{"handle": "zombie", "zombie": true, "no_bundle": true, "age": "6h"})

			session := weeder(w, "scan", "--json", "--protect=l*")
			Expect(session).To(gexec.Exit(0))
			Expect(steady(session)).To(Equal(`{
  "scanned_at": "NOW",
  "target": "TARGET",
  "volumes_dir": "VOLUMES",
  "interlocks": [],
  "summary": {
    "containers": 3,
    "live": 1,
    "orphan": 1,
    "unknown": 1,
    "foreign": 0,
    "eligible": 0,
    "max_containers": 250
  },
  "containers": [
    {
      "handle": "leaked",
      "verdict": "orphan",
      "eligible": false,
      "held_by": [
        "protected"
      ],
      "stuck": false,
      "destroying": false,
      "failures": 0,
      "reasons": [
        {
          "code": "volume-missing",
          "volume": "gone",
          "detail": "in none of init, live and dead"
        },
        {
          "code": "volume-expired",
          "volume": "expired",
          "detail": "expired 2016-10-21T14:29:14Z, ttl 5m0s"
        }
      ],
      "age_seconds": SIX HOURS,
      "grace_time_seconds": 300,
      "task": null,
      "purpose": {
        "team": null,
        "pipeline": null,
        "job": null,
        "resource": null,
        "build": null,
        "build_id": null,
        "step": "get"
      },
      "volumes": [
        {
          "handle": "gone",
          "path": "/",
          "state": "missing",
          "ttl_seconds": null,
          "expires_at": null,
          "sources": [
            "bundle"
          ]
        },
        {
          "handle": "expired",
          "path": "/tmp/build/get",
          "state": "live",
          "ttl_seconds": 300,
          "expires_at": "2016-10-21T14:29:14Z",
          "sources": [
            "bundle"
          ]
        }
      ]
    },
    {
      "handle": "modern",
      "verdict": "live",
      "eligible": false,
      "held_by": [],
      "stuck": false,
      "destroying": false,
      "failures": 0,
      "reasons": [],
      "age_seconds": null,
      "grace_time_seconds": 0,
      "task": null,
      "purpose": {
        "team": null,
        "pipeline": null,
        "job": null,
        "resource": null,
        "build": null,
        "build_id": null,
        "step": null
      },
      "volumes": [
        {
          "handle": "lasting",
          "path": null,
          "state": "live",
          "ttl_seconds": null,
          "expires_at": null,
          "sources": [
            "properties"
          ]
        },
        {
          "handle": "root",
          "path": "/",
          "state": "init",
          "ttl_seconds": null,
          "expires_at": null,
          "sources": [
            "properties"
          ]
        }
      ]
    },
    {
      "handle": "zombie",
      "verdict": "unknown",
      "eligible": false,
      "held_by": [],
      "stuck": false,
      "destroying": false,
      "failures": 0,
      "reasons": [
        {
          "code": "source-unreadable",
          "volume": "",
          "detail": "bulk_info: runc state: runc: exit status 1: container does not exist"
        }
      ],
      "age_seconds": null,
      "grace_time_seconds": null,
      "task": null,
      "purpose": {
        "team": null,
        "pipeline": null,
        "job": null,
        "resource": null,
        "build": null,
        "build_id": null,
        "step": null
      },
      "volumes": []
    }
  ]
}
`))
		})

		It("prints what it could not judge as null, and why", func() {
			w.Volumes = "/nowhere"
			session := weeder(w, "scan", "--json")
			Expect(session).To(gexec.Exit(1))
			Expect(steady(session)).To(Equal(`{
  "scanned_at": "NOW",
  "target": "TARGET",
  "volumes_dir": "VOLUMES",
  "interlocks": [
    {
      "name": "volumes-dir-unusable",
      "detail": "use volumes directory VOLUMES: open VOLUMES/live: no such file or directory (is its disk mounted? otherwise name baggageclaim's volumes directory with --volumes)"
    }
  ],
  "summary": {
    "containers": null,
    "live": null,
    "orphan": null,
    "unknown": null,
    "foreign": null,
    "eligible": null,
    "max_containers": 250
  },
  "containers": []
}
`))
		})
	})
})
