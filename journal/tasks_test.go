package journal_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

// A child of this test runs a task in a directory, and tells on stdout how far
// it is.
const (
	taskEnv = "WEEDER_TEST_JOURNAL_TASK"
	dirEnv  = "WEEDER_TEST_JOURNAL_DIR"
	nameEnv = "WEEDER_TEST_JOURNAL_NAME"
)

var tasks = map[string]func(g Gomega, dir string){
	"fill-up":      fillUp,
	"append":       func(g Gomega, dir string) { appendLines(g, dir, journal.Bounds{Size: 2 << 10, Old: 99}, linesOfTask) },
	"rotate":       func(g Gomega, dir string) { appendLines(g, dir, journal.Bounds{Size: 1, Old: 99}, 90) },
	"hold":         hold,
	"hold-in-full": holdInFull,
	"keep-in-full": keepInFull,
	"keep-on":      keepOn,
}

// task makes a child that is to run a task.
func task(name, dir string, env ...string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^TestJournal$", "-test.count=1")
	child.Env = append(append(os.Environ(), taskEnv+"="+name, dirEnv+"="+dir), env...)
	return child
}

// running is a child that has started.
type running struct {
	*exec.Cmd
	said *bufio.Reader
}

// start starts a child that is killed when the spec is over.
func start(child *exec.Cmd) running {
	GinkgoHelper()
	stdout, err := child.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	_, err = child.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(child.Start()).To(Succeed())
	r := running{Cmd: child, said: bufio.NewReader(stdout)}
	DeferCleanup(r.kill)
	return r
}

// line is the next that it says. Empty: it says no more.
func (r running) line() string {
	line, _ := r.said.ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// kill kills it, and gives what it had said.
func (r running) kill() []string {
	_ = r.Process.Kill()
	rest, _ := io.ReadAll(r.said)
	_ = r.Wait()
	return strings.Fields(string(rest))
}

// linesOfTask is how many lines an appending task writes.
const linesOfTask = 300

// appendLines records numbered events and says each number once it is
// recorded.
func appendLines(g Gomega, dir string, bounds journal.Bounds, lines int) {
	j := journal.NewBounded(dir, bounds)
	for n := range lines {
		g.Expect(j.Record(event("flagged", fmt.Sprintf("%s %d", os.Getenv(nameEnv), n), time.Second))).To(Succeed())
		fmt.Println(n)
	}
	g.Expect(j.Close()).To(Succeed())
}

// numbers are those that a writer recorded, by what is read.
func numbers(entries []journal.Entry, name string) []int {
	var numbers []int
	for _, entry := range entries {
		if writer, number, _ := strings.Cut(entry.Handle, " "); writer == name {
			n, err := strconv.Atoi(number)
			Expect(err).NotTo(HaveOccurred())
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// room bounds all files of this process, which cuts a write short as a full
// disk does.
func room(g Gomega, bytes uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	g.Expect(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)).To(Succeed())
	limit.Cur = min(bytes, limit.Max)
	g.Expect(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)).To(Succeed())
}

// fillUp records events while the journal may not grow beyond a bound.
func fillUp(g Gomega, dir string) {
	j := journal.New(dir)
	room(g, 2000)
	g.Expect(j.Record(event("flagged", "fits", 0))).To(Succeed())
	tooMuch := event("flagged", "too-much", 0)
	tooMuch.Err = fmt.Errorf("%s", strings.Repeat("x", 4000))
	g.Expect(j.Record(tooMuch)).To(MatchError(syscall.EFBIG))
	room(g, 1<<30)
	g.Expect(j.Record(event("flagged", "room-again", 0))).To(Succeed())
	g.Expect(j.Close()).To(Succeed())
}

// hold holds the directory until its stdin ends.
func hold(g Gomega, dir string) {
	_, err := journal.Lock(dir)
	g.Expect(err).NotTo(HaveOccurred())
	fmt.Println("held")
	_, _ = io.ReadAll(os.Stdin)
}

func holdInFull(g Gomega, dir string) {
	room(g, 0)
	hold(g, dir)
}

func keepInFull(g Gomega, dir string) {
	room(g, 20)
	g.Expect(journal.NewMemory(dir).Keep(reaper.Past{At: now})).To(And(
		MatchError(syscall.EFBIG), MatchError(HavePrefix("write memory: "))))
}

// keepOn keeps one memory after the other, and says so each time.
func keepOn(g Gomega, dir string) {
	memory := journal.NewMemory(dir)
	for n := range 1000 {
		past := reaper.Past{At: now, Identity: strings.Repeat(strconv.Itoa(n), 20_000)}
		g.Expect(memory.Keep(past)).To(Succeed())
		fmt.Println(n)
	}
}
