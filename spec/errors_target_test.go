package spec

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// asking are commands that ask Garden something, with what each begins to say
// where it got no answer.
var asking = map[string]string{
	"ping":               "ping: ",
	"list":               "list containers: ",
	"capacity":           "read capacity: ",
	"properties c-1":     "",
	"destroy c-1":        "destroy c-1: ",
	"scan":               "garden-unreachable: list containers: ",
	"explain c-1":        "garden-unreachable: list containers: ",
	"reap --yes":         "garden-unreachable: list containers: ",
	"run c-1 -c true":    "",
	"run c-1 -a -c true": "",
	"attach c-1 -p 1":    "",
}

var _ = Describe("a target where no Garden answers", func() {
	// says checks what every command says, in one line that ends so. What is asked
	// shows as WHAT.
	says := func(w *worker, text string, args ...string) {
		GinkgoHelper()
		for line, beginning := range asking {
			session := weeder(w, append(args, strings.Fields(line)...)...)
			complains(session, 1)
			Expect(stderr(session)).To(HavePrefix("error: "+beginning), line)
			before, after, _ := strings.Cut(text, "WHAT")
			Expect(stderr(session)).To(And(ContainSubstring(before), HaveSuffix(after+"\n")), line)
		}
	}

	It("because nothing listens: says where that target came from", func() {
		w := workerAt("127.0.0.1:" + freePort())
		says(w, "no answer from garden at "+w.Target+" (from WEEDER_TARGET): nothing listens there (connection refused): is Garden up? set --target")

		for variable, with := range map[string]*gexec.Session{
			"from --target":    weeder(nil, "ping", "--target", w.Target),
			"from GAOL_TARGET": finish(inEnvironment(command(nil, "ping"), "GAOL_TARGET="+w.Target)),
		} {
			complains(with, 1, "no answer from garden at "+w.Target+" ("+variable+"): nothing listens there")
		}
	})

	It("because nothing listens at the default: says that it is one", func() {
		if conn, err := net.Dial("tcp", "127.0.0.1:7777"); err == nil {
			conn.Close()
			Skip("something listens at 127.0.0.1:7777")
		}
		complains(weeder(nil, "ping"), 1, "no answer from garden at 127.0.0.1:7777 (the default): nothing listens there")
	})

	It("because there is no such socket", func() {
		w := workerAt(filepath.Join(GinkgoT().TempDir(), "garden.sock"))
		says(w, "no answer from garden at unix://"+w.Target+" (from WEEDER_TARGET): there is no such socket: is Garden up? set --target")
	})

	It("because there is no such host", func() {
		w := workerAt("worker..internal:7777")
		says(w, "no answer from garden at worker..internal:7777 (from WEEDER_TARGET): there is no such host: is its name right? set --target")
	})

	It("because the socket is another's: says whose, and what to try", func() {
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		socket := filepath.Join(dir, "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		Expect(os.Chmod(socket, 0)).To(Succeed())
		owner, group := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
		if found, err := user.LookupId(owner); err == nil {
			owner = found.Username
		}
		if found, err := user.LookupGroupId(group); err == nil {
			group = found.Name
		}

		for _, target := range []string{socket, "unix://" + socket} {
			for _, line := range []string{"ping", "list", "run c-1 -c true"} {
				complains(unprivileged(nil, append([]string{"--target", target}, strings.Fields(line)...)...), 1,
					"no answer from garden at unix://"+socket+" (from --target): not allowed to connect (permission denied): "+
						socket+" belongs to "+owner+":"+group+", mode 0000: try it as root: sudo weeder --target unix://"+socket+"\n")
			}
		}
	})

	It("because it is a server of something else", func() {
		w := fakeGarden(answering(404, asHTML, page))
		says(w, `answered WHAT with 404 Not Found and "<!DOCTYPE html> <html><body><h1>Welcome to nginx!</h1></body`+`"…: is that a Garden? set --target`)
		w = fakeGarden(answering(200, asHTML, page))
		says(w, `answered WHAT with 200 OK and "<!DOCTYPE html> <html><body><h1>Welcome to nginx!</h1></body`+`"…: is that a Garden? set --target`)
	})

	It("because it speaks TLS", func() {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		DeferCleanup(server.Close)
		w := workerAt(server.Listener.Addr().String())
		for _, line := range []string{"ping", "list", "run c-1 -c true"} {
			complains(weeder(w, strings.Fields(line)...), 1,
				` with 400 Bad Request and "Client sent an HTTP request to an HTTPS server.": is that a Garden? set --target`)
		}
	})

	It("because it hangs up", func() {
		w := listening(func(conn net.Conn) { conn.Close() })
		for line := range asking {
			complains(weeder(w, strings.Fields(line)...), 1,
				"no answer from garden at "+w.Target+" (from WEEDER_TARGET) to ", ": it hung up (", "): is that a Garden, and is it up? set --target")
		}
	})

	It("because it hangs: the commands that --timeout bounds say for how long", func() {
		w := listening(nil)
		for line, beginning := range asking {
			if strings.HasPrefix(line, "run") || strings.HasPrefix(line, "attach") {
				continue
			}
			session := weeder(w, append(strings.Fields(line), "--timeout=100ms")...)
			complains(session, 1, "error: "+beginning, "no answer from garden at "+w.Target+" (from WEEDER_TARGET) to ", " within 100ms: is Garden up? set --target")
		}
	})

	It("because it hangs: the others wait until they are interrupted", func() {
		arrived := make(chan struct{}, 10)
		w := listening(func(net.Conn) { arrived <- struct{}{} })
		session := start(w, "run", "c-1", "-c", "true", "--timeout=50ms")
		Eventually(arrived).Should(Receive())
		session.Signal(syscall.SIGTERM)
		Eventually(session).ShouldNot(gexec.Exit(0))
		Expect(stdout(session)).To(BeEmpty())
	})

	It("because it is no target: names the variable that has it", func() {
		for _, variable := range []string{"WEEDER_TARGET", "GAOL_TARGET"} {
			complains(finish(inEnvironment(command(nil, "ping"), variable+"=worker.internal")), 2,
				`error: --target (from `+variable+`): target "worker.internal" has no port: want host:port, such as worker.internal:7777`)
			// The parser's mistakes do not hide it.
			session := finish(inEnvironment(command(nil, "ping", "--timeout=3"), variable+"=worker.internal"))
			Expect(session).To(gexec.Exit(2))
			Expect(stderr(session)).To(And(ContainSubstring("--timeout"), ContainSubstring("\nerror: --target (from "+variable+"): target ")))
		}
		complains(weeder(nil, "ping", "-t", "worker.internal"), 2, `error: --target: target "worker.internal" has no port`)
	})
})

// inEnvironment adds variables to a command's.
func inEnvironment(command *exec.Cmd, variables ...string) *exec.Cmd {
	command.Env = append(command.Env, variables...)
	return command
}

var _ = DescribeTable("a usage error names the help of", func(line, help string) {
	session := finish(commandLine(line))
	Expect(session).To(gexec.Exit(2))
	Expect(stderr(session)).To(HaveSuffix(": see " + help + "\n"))
},
	Entry("the command", "reap --dry", "weeder reap --help"),
	Entry("the command that lacks its handle", "explain", "weeder explain --help"),
	Entry("the command behind the mistake", "--quiet scan", "weeder scan --help"),
	Entry("weeder, where there is no such command", "weed", "weeder --help"),
)
