package spec

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// printsExactly checks for a success that printed this and nothing else.
func printsExactly(w *worker, text string, args ...string) {
	GinkgoHelper()
	session := weeder(w, args...)
	Expect(session).To(gexec.Exit(0), stderr(session))
	Expect(stdout(session)).To(Equal(text))
	Expect(stderr(session)).To(BeEmpty())
}

// lines are those of a text, each ended.
func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

var _ = Describe("list", func() {
	var w *worker

	// container makes one with properties of its own.
	container := func(handle string, properties map[string]string, more ...body) {
		GinkgoHelper()
		request := body{"handle": handle, "properties": properties}
		for _, part := range more {
			for key, value := range part {
				request[key] = value
			}
		}
		w.create(request)
	}

	threeContainers := func() {
		container("a", map[string]string{"user": "vcap", "team": "main", "x": "a=b"})
		container("b", map[string]string{"user": "vcap", "team": "other"})
		container("c", map[string]string{"user": "root", "team": "main"})
	}

	BeforeEach(func() {
		w = emptyWorker()
		threeContainers()
		w.control(http.MethodDelete, "/calls", nil)
	})

	DescribeTable("with --properties lists what has them", func(handles string, args ...string) {
		text := ""
		for _, handle := range strings.Fields(handles) {
			text += handle + "\n"
		}
		printsExactly(w, text, append([]string{"list"}, args...)...)
	},
		Entry("one", "a b", "-p", "user=vcap"),
		Entry("one, with its long name", "a b", "--properties", "user=vcap"),
		Entry("one that none has", "", "-p", "user=nobody"),
		Entry("a value with an equals sign", "a", "-p", "x=a=b"),
		Entry("two", "a", "-p", "user=vcap", "-p", "team=main"),
		Entry("two that no container has at once", "", "-p", "user=root", "-p", "team=other"),
		Entry("of two values for one name, the last", "c", "-p", "user=vcap", "-p", "user=root"),
	)

	It("with one of --properties reads those of no container", func() {
		printsExactly(w, "a\nb\n", "list", "-p", "user=vcap")
		Expect(w.calls()).To(Equal(map[string]int{"list": 1}))
	})

	It("with garden.state=all shows what is half-created, other properties beside it", func() {
		container("half", map[string]string{"user": "vcap"}, body{"hidden": true})
		printsExactly(w, "a\nb\nc\nhalf\n", "list", "-p", "garden.state=all")
		printsExactly(w, "a\nb\nhalf\n", "list", "-p", "garden.state=all", "-p", "user=vcap")
		printsExactly(w, "a\nb\n", "list", "-p", "garden.state=created", "-p", "user=vcap")
	})

	Context("of a Garden that lists what has any of the properties", func() {
		BeforeEach(func() {
			w = emptyWorker("--runtime", "containerd")
			threeContainers()
		})

		It("lists what has them all", func() {
			printsExactly(w, "a\n", "list", "-p", "user=vcap", "-p", "team=main")
			printsExactly(w, "", "list", "-p", "user=root", "-p", "team=other")
			printsExactly(w, "a\nb\n", "list", "-p", "user=vcap")
		})

		It("does so where the list is piped into destroy", func() {
			listed := weeder(w, "list", "-p", "user=vcap", "-p", "team=main")
			destroy := command(w, "destroy", "-")
			destroy.Stdin = strings.NewReader(stdout(listed))
			Expect(finish(destroy)).To(gexec.Exit(0))
			Expect(w.destroyed()).To(ConsistOf("a"))
		})

		It("asks for the properties of each container once", func() {
			w.control(http.MethodDelete, "/calls", nil)
			printsExactly(w, "a\n  team=main\n  user=vcap\n  x=a=b\n", "list", "-v", "-p", "user=vcap", "-p", "team=main")
			Expect(w.calls()).To(HaveKeyWithValue("properties", 3))
		})

		It("leaves out what is gone by then", func() {
			w.hook("on-properties", body{"handle": "a", "action": "delete", "target": "c"})
			session := weeder(w, "list", "-v")
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(HavePrefix("a\n  team=main\n"))
		})
	})

	DescribeTable("leaves out what it can't verify, and exits 1:", func(fault string, handles []string, left string, texts ...string) {
		w.fault(fault, handles...)
		session := weeder(w, "list", "-p", "user=vcap", "-p", "team=main")
		Expect(session).To(gexec.Exit(1))
		Expect(stdout(session)).To(Equal(left))
		Expect(lines(stderr(session))).To(HaveLen(1))
		for _, text := range append(texts, "left out, since not all of --properties could be verified") {
			Expect(stderr(session)).To(ContainSubstring(text))
		}
	},
		Entry("one", "bulk-info-fails", []string{"a"}, "", "error: read properties of a: ", "runc state"),
		Entry("all", "bulk-info-fails", nil, "", "error: 1 container without properties: bulk_info: ", "runc state"),
	)

	It("leaves out what it can't verify beside what it can", func() {
		container("z", map[string]string{"user": "vcap", "team": "main"})
		w.fault("bulk-info-fails", "a")
		session := weeder(w, "list", "-p", "user=vcap", "-p", "team=main")
		Expect(session).To(gexec.Exit(1))
		Expect(stdout(session)).To(Equal("z\n"))
	})

	Context("with --verbose", func() {
		// details are what is printed of a container's properties.
		details := func(handle string) string {
			GinkgoHelper()
			text := ""
			for _, line := range lines(stdout(weeder(w, "properties", handle))) {
				text += "  " + strings.Replace(line, "\t", "=", 1) + "\n"
			}
			return text
		}

		It("prints the properties of each container, sorted, and the separator with no line end of its own", func() {
			a, b, c := details("a"), details("b"), details("c")
			Expect(a).To(ContainSubstring("\n  team=main\n  user=vcap\n  x=a=b\n"))
			printsExactly(w, "a\n"+a+"b\n"+b+"c\n"+c, "list", "-v")
			printsExactly(w, "a\n"+a+"--b\n"+b+"--c\n"+c+"--", "list", "--verbose", "--separator=--")
			printsExactly(w, "a\n"+a+"\nb\n"+b+"\n", "list", "-v", "--separator=\n", "-p", "user=vcap")
		})

		It("is not asked for by --separator", func() {
			printsExactly(w, "a\nb\nc\n", "list", "--separator=--")
		})

		It("asks in batches, and restarts no grace time", func() {
			for n := range 247 {
				w.create(body{"handle": fmt.Sprintf("n%03d", n)})
			}
			w.control(http.MethodDelete, "/calls", nil)
			session := weeder(w, "list", "-v")
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(ContainSubstring("\nn246\n"))
			Expect(w.calls()).To(Equal(map[string]int{"list": 1, "bulk-info": 3}))
		})

		It("asks for one container after the other where Garden knows no bulk call", func() {
			w.fault("bulk-not-implemented")
			session := weeder(w, "list", "-v")
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(ContainSubstring("  x=a=b\n"))
			Expect(w.calls()).To(Equal(map[string]int{"list": 1, "bulk-info": 1, "properties": 3}))
		})

		It("lists the one that can't be told too, says so, and exits 1", func() {
			a, c := details("a"), details("c")
			w.fault("bulk-info-fails", "b")
			session := weeder(w, "list", "-v", "--separator=;")
			Expect(session).To(gexec.Exit(1))
			Expect(stdout(session)).To(Equal("a\n" + a + ";b\n;c\n" + c + ";"))
			Expect(stderr(session)).To(MatchRegexp(`\Aerror: read properties of b: bulk_info: runc state[^\n]*\n\z`))
		})

		It("says on a terminal what it can't tell after what it can", func() {
			w.fault("bulk-info-fails")
			shown := command(w, "list", "-v")
			shown.Env = append(shown.Env, "NO_COLOR=1")
			Expect(screen(shown)).To(HavePrefix("a\nb\nc\nerror: 3 containers without properties: "))
		})

		It("lists all where none can be told, says so once, and exits 1", func() {
			w.fault("bulk-info-fails")
			session := weeder(w, "list", "-v")
			Expect(session).To(gexec.Exit(1))
			Expect(stdout(session)).To(Equal("a\nb\nc\n"))
			Expect(stderr(session)).To(MatchRegexp(`\Aerror: 3 containers without properties: bulk_info: runc state[^\n]*\n\z`))
		})

		It("leaves out what is gone by then, which is no failure", func() {
			a, c := details("a"), details("c")
			w.hook("on-bulk-info", body{"handle": "b", "action": "delete"})
			printsExactly(w, "a\n"+a+"c\n"+c, "list", "-v")
		})

		It("lists a handle that can't be sent to Garden, and says so", func() {
			container("z?x", nil)
			session := weeder(w, "list", "-v")
			Expect(session).To(gexec.Exit(1))
			Expect(stdout(session)).To(HaveSuffix("z?x\n"))
			Expect(stderr(session)).To(ContainSubstring("not a handle that can safely be sent to garden"))
		})

		It("keeps properties from steering the terminal", func() {
			w.change("a", body{"properties": map[string]string{"evil\x1b[31m": "evil\x1b]0;title\x07"}})
			shown := screen(command(w, "list", "-v"))
			Expect(shown).To(ContainSubstring("evil"))
			Expect(shown).NotTo(ContainSubstring("\x1b"))
			Expect(stdout(weeder(w, "list", "-v"))).To(ContainSubstring("  evil\x1b[31m=evil\x1b]0;title\x07\n"))
		})
	})

	DescribeTable("refuses", func(args []string, texts ...string) {
		complains(weeder(w, append([]string{"list"}, args...)...), 2, texts...)
		Expect(w.calls()).To(BeEmpty())
	},
		Entry("a property without a value", []string{"-p", "user"}, "error: malformed property pair (must be name=value)\n"),
		Entry("one among good ones", []string{"-p", "user=vcap", "-p", "team"}, "malformed property pair"),
		Entry("two ways of showing more", []string{"-v", "-l"}, "--verbose and --long"),
		Entry("an argument", []string{"handle"}, `unexpected argument "handle"`),
	)

	It("does not take a word about another container for one that this is gone", func() {
		garden := fakeGarden(func(answer http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/containers" {
				fmt.Fprint(answer, `{"Handles":["a"]}`)
				return
			}
			fmt.Fprint(answer, `{"a":{"Err":{"Type":"ContainerNotFoundError","Message":"unknown handle: b","Handle":"b"}}}`)
		})
		session := weeder(garden, "list", "-v")
		Expect(session).To(gexec.Exit(1))
		Expect(stdout(session)).To(Equal("a\n"))
		Expect(stderr(session)).To(HaveSuffix("unknown handle: b\n"))
	})

	It("says why it could not list", func() {
		w.fault("list-fails")
		complains(weeder(w, "list", "-v"), 1, "list containers: ")
		complains(weeder(w, "list", "-p", "user=vcap"), 1, "list containers: ")
	})
})
