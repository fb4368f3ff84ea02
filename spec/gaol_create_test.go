package spec

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// gardenHas is what the sandbox's Garden has of its containers, and what clients
// have asked it for.
type gardenHas struct {
	Handle      string
	RootPath    string `json:"root_path"`
	GraceTime   string `json:"grace_time"`
	Binds       []boundPath
	Env         []string
	Image       string
	Username    string
	Password    string
	Privileged  bool
	Network     string
	MappedPorts []garden.PortMapping `json:"mapped_ports"`
	NetOut      []garden.NetOutRule  `json:"net_out"`
}

type boundPath struct {
	Source, Destination string
	ReadOnly            bool `json:"read_only"`
	Origin              string
}

// askedFor are all the containers of a sandbox with --processes.
func (w *worker) askedFor() []gardenHas {
	GinkgoHelper()
	var all []gardenHas
	Expect(json.Unmarshal(w.control(http.MethodGet, "/containers", nil), &all)).To(Succeed())
	return all
}

var _ = Describe("create", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker("--max-containers", "3", "--processes")
	})

	It("prints the handle that Garden has chosen", func() {
		session := weeder(w, "create")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(BeEmpty())
		all := w.askedFor()
		Expect(all).To(HaveLen(1))
		Expect(stdout(session)).To(Equal(all[0].Handle + "\n"))
		printsExactly(w, all[0].Handle+"\n", "list")
	})

	It("prints the handle that was given, and has Garden make what was asked for", func() {
		printsExactly(w, "mine\n", "create", "-n", "mine", "-r", "/images/root", "-g", "90m", "-p",
			"--network", "10.1.2.0/30", "-e", "A=1", "-e", "B=x y=z", "--username", "me", "--password", "secret",
			"-m", "/src:/dst", "-m", "/src2:/dst2:ro", "--bind-mount", "/src3:/dst3:rw")
		Expect(w.askedFor()).To(ConsistOf(gardenHas{
			Handle: "mine", RootPath: "/images/root", GraceTime: "1h30m0s", Image: "/images/root",
			Username: "me", Password: "secret", Env: []string{"A=1", "B=x y=z"}, Privileged: true, Network: "10.1.2.0/30",
			Binds: []boundPath{
				{Source: "/src", Destination: "/dst", Origin: "Host"},
				{Source: "/src2", Destination: "/dst2", ReadOnly: true, Origin: "Host"},
				{Source: "/src3", Destination: "/dst3", Origin: "Host"},
			},
			MappedPorts: []garden.PortMapping{}, NetOut: []garden.NetOutRule{},
		}))
	})

	// What is on the wire is Garden's own ContainerSpec: gaol's, field by field.
	It("sends what gaol sends", func() {
		var notes notes
		fake := fakeGarden(func(answer http.ResponseWriter, request *http.Request) {
			text, _ := io.ReadAll(request.Body)
			notes.note(request.Method + " " + request.URL.Path + " " + string(text))
			fmt.Fprint(answer, `{"Handle":"of-garden"}`)
		})
		printsExactly(fake, "of-garden\n", "create")
		printsExactly(fake, "of-garden\n", "create", "--handle=mine", "--rootfs=docker:///busybox", "--grace=1s", "--privileged",
			"--network=10.1.2.0/30", "--env=A=1", "--env=B=x y=z", "--username=me", "--password=secret",
			"-m", ".:/dst", "-m", "/src2:/dst2:ro", "-m", "/src3:/dst3:rw")
		sent := notes.sent()
		Expect(sent).To(HaveLen(2))
		Expect(sent[0]).To(HavePrefix("POST /containers "))
		Expect(strings.TrimPrefix(sent[0], "POST /containers ")).To(MatchJSON(`{"image":{},"limits":{"bandwidth_limits":{},"cpu_limits":{},"disk_limits":{},"memory_limits":{},"pid_limits":{}}}`))
		Expect(strings.TrimPrefix(sent[1], "POST /containers ")).To(MatchJSON(`{
			"handle":"mine", "grace_time":1000000000, "image":{"uri":"docker:///busybox","username":"me","password":"secret"},
			"network":"10.1.2.0/30", "privileged":true, "env":["A=1","B=x y=z"],
			"bind_mounts":[
				{"src_path":".","dst_path":"/dst","mode":1},
				{"src_path":"/src2","dst_path":"/dst2"},
				{"src_path":"/src3","dst_path":"/dst3","mode":1}],
			"limits":{"bandwidth_limits":{},"cpu_limits":{},"disk_limits":{},"memory_limits":{},"pid_limits":{}}}`))
	})

	It("takes the password from a variable, which no help shows", func() {
		var notes notes
		fake := fakeGarden(func(answer http.ResponseWriter, request *http.Request) {
			text, _ := io.ReadAll(request.Body)
			notes.note(string(text))
			fmt.Fprint(answer, `{"Handle":"of-garden"}`)
		})
		create := command(fake, "create", "--username=me")
		create.Env = append(create.Env, "WEEDER_PASSWORD=very secret")
		Expect(finish(create)).To(gexec.Exit(0))
		Expect(notes.sent()).To(ConsistOf(ContainSubstring(`"password":"very secret"`)))

		help := command(nil, "create", "--help")
		help.Env = append(help.Env, "WEEDER_PASSWORD=very secret")
		Expect(stdout(finish(help))).To(And(ContainSubstring("WEEDER_PASSWORD"), Not(ContainSubstring("very secret"))))
	})

	DescribeTable("refuses", func(args []string, texts ...string) {
		complains(weeder(w, append([]string{"create"}, args...)...), 2, texts...)
		Expect(w.calls()).To(BeEmpty())
	},
		Entry("a bind mount of one part", []string{"-m", "/src"},
			"error: invalid bind-mount segment (must be host-path:container-path:optional-bind-mount-option): /src\n"),
		Entry("another mode", []string{"-m", "/a:/b", "-m", "/src:/dst:foo"},
			"error: invalid bind mount mode (must be either 'rw' (read-write), or 'ro' (read-only))\n"),
		Entry("a mode with more behind it", []string{"-m", "/src:/dst:ro:rw"}, "invalid bind mount mode"),
		Entry("a handle that could not be named later", []string{"-n", "a?x"}, `--handle "a?x": `, "letter"),
		Entry("a handle of two", []string{"--handle=a,b"}, `--handle "a,b": `),
		Entry("a handle that begins as a flag does", []string{"--handle=-a"}, `--handle "-a": `),
		Entry("a negative grace time", []string{"--grace=-1s"}, "--grace", "0 leaves it to Garden"),
		Entry("an argument", []string{"mine"}, `unexpected argument "mine"`),
	)

	It("tells all mistakes at once", func() {
		session := weeder(w, "create", "-n", "a?x", "--grace=-1s", "-m", "/src")
		Expect(session).To(gexec.Exit(2))
		Expect(lines(stderr(session))).To(HaveLen(3))
	})

	It("says where to look when all slots are taken", func() {
		for range 3 {
			Expect(weeder(w, "create")).To(gexec.Exit(0))
		}
		complains(weeder(w, "create"), 1, "create container: max containers reached: see weeder scan for what holds the slots")
	})

	It("says so when all subnets are", func() {
		fake := fakeGarden(answering(500, asJSON, `{"Type":"","Message":"insufficient subnets remaining in the pool"}`))
		complains(weeder(fake, "create"), 1, "subnets remaining in the pool: see weeder scan for what holds the slots")
	})

	It("says what Garden says otherwise", func() {
		Expect(weeder(w, "create", "-n", "mine")).To(gexec.Exit(0))
		session := weeder(w, "create", "-n", "mine")
		complains(session, 1, "create container: ", "mine")
		Expect(stderr(session)).NotTo(ContainSubstring("weeder scan"))
	})

	It("prints no empty handle", func() {
		complains(weeder(fakeGarden(answering(200, asJSON, `{}`)), "create"), 1, "without a handle", "is that a Garden?")
	})

	Context("of a Garden that takes its time", func() {
		var (
			slow    *worker
			arrived chan struct{}
			answer  chan struct{}
		)

		BeforeEach(func() {
			arrived, answer = make(chan struct{}), make(chan struct{})
			slow = fakeGarden(func(to http.ResponseWriter, request *http.Request) {
				_, _ = io.Copy(io.Discard, request.Body)
				close(arrived)
				select {
				case <-answer:
					fmt.Fprint(to, `{"Handle":"late"}`)
				case <-request.Context().Done():
				}
			})
		})

		It("waits longer than --timeout", func() {
			session := start(slow, "create", "--timeout=10ms")
			Eventually(arrived).Should(BeClosed())
			Consistently(session).WithTimeout(300 * time.Millisecond).ShouldNot(gexec.Exit())
			close(answer)
			Eventually(session).Should(gexec.Exit(0))
			Expect(stdout(session)).To(Equal("late\n"))
		})

		It("says after an interrupt that Garden may go on, and how to look", func() {
			session := start(slow, "create")
			Eventually(arrived).Should(BeClosed())
			session.Interrupt()
			Eventually(session).Should(gexec.Exit(1))
			complains(session, 1, "error: interrupted: garden may go on creating the container: look for it with weeder list\n")
		})

		It("tells for how long on a terminal", func() {
			t := onTerminal(slow, "create")
			Eventually(t.Screen).Should(gbytes.Say("creating: 1s"))
			close(answer)
			Eventually(t.exited).Should(Receive(BeZero()))
			Expect(string(t.Out.Contents())).To(Equal("late\n"))
		})
	})

	It("says of a connection that breaks off that Garden may go on, and of none that can't", func() {
		fake := listening(func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1))
			conn.Close()
		})
		complains(weeder(fake, "create"), 1, "no answer from garden", "garden may go on creating the container: look for it with weeder list")
		session := weeder(workerAt("/nowhere/garden.sock"), "create")
		complains(session, 1, "there is no such socket")
		Expect(stderr(session)).NotTo(ContainSubstring("may go on"))
	})
})
