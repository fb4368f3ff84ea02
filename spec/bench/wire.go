package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// proxy counts the bytes between weeder and Garden.
type proxy struct {
	listener       net.Listener
	sent, received atomic.Int64
}

func newProxy(target string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			go carry(far, near, &p.sent)
			go carry(near, far, &p.received)
		}
	}()
	return p, nil
}

func carry(to, from net.Conn, counted *atomic.Int64) {
	defer to.Close()
	_, _ = io.Copy(to, io.TeeReader(from, counter{counted}))
}

type counter struct{ *atomic.Int64 }

// Write implements io.Writer.
func (c counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}

func (p *proxy) forget() {
	p.sent.Store(0)
	p.received.Store(0)
}

// wire measures what a pass asks of Garden, and of the kernel.
func (b *bench) wire() error {
	w, err := b.startWorker(250, 0)
	if err != nil {
		return err
	}
	defer w.stop()
	between, err := newProxy(w.Target)
	if err != nil {
		return err
	}
	defer between.listener.Close()
	d, err := b.startDaemon(w, between.listener.Addr().String(), shortest)
	if err != nil {
		return err
	}
	defer d.stop()

	t := table{headers: []string{"", "calls", "handles asked about", "bytes sent", "bytes received"}}
	if err := b.waitPasses(d, 1); err != nil {
		return err
	}
	if _, err := b.told(w, between, "the first pass", 1, &t); err != nil {
		return err
	}
	if err := b.waitPasses(d, 1); err != nil {
		return err
	}
	if err := w.forgetCalls(); err != nil {
		return err
	}
	between.forget()
	if err := b.waitPasses(d, b.passes); err != nil {
		return err
	}
	handles, err := b.told(w, between, "a seen pass", b.passes, &t)
	if err != nil {
		return err
	}
	b.report.budget("a pass over handles already seen: calls", "no bulk_info, no per-handle call", fmt.Sprintf("%d handles asked about", handles), handles == 0)
	b.report.section("What Garden pays", `250 containers; calls as the sandbox counts them, bytes as a proxy between does, HTTP's own included. The capacity is
asked for every ten minutes, processes (bulk_metrics) of orphans that nothing else holds.`, t)
	return b.systemCalls(w, d)
}

// told adds what Garden was asked in so many passes, and gives the number of
// handles that were asked about one by one or in bulk.
func (b *bench) told(w *worker, between *proxy, what string, passes int, t *table) (int, error) {
	counts, byHandle, err := w.calls()
	if err != nil {
		return 0, err
	}
	var calls []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		calls = append(calls, fmt.Sprintf("%s %s", kind, number(float64(counts[kind])/float64(passes))))
	}
	handles := 0
	for _, asked := range byHandle {
		for _, times := range asked {
			handles += times
		}
	}
	each := func(bytes int64) string { return strconv.FormatInt(bytes/int64(passes), 10) }
	t.add(what, strings.Join(calls, ", "), number(float64(handles)/float64(passes)), each(between.sent.Load()), each(between.received.Load()))
	return handles, nil
}

// systemCalls counts those of a daemon over a few passes.
func (b *bench) systemCalls(w *worker, d *daemon) error {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.report.section("System calls", "**Left out: there is no strace here.**")
		return nil
	}
	var summary bytes.Buffer
	trace := exec.Command(strace, "-c", "-f", "-U", "calls,errors,name", "-S", "calls", "-p", strconv.Itoa(d.pid()))
	trace.Stderr = &summary
	if err := trace.Start(); err != nil {
		return err
	}
	time.Sleep(shortest / 10)
	err = b.waitPasses(d, b.passes)
	_ = trace.Process.Signal(syscall.SIGINT)
	_ = trace.Wait()
	if err != nil {
		return err
	}

	t := table{headers: []string{"for each pass", "calls", "of them failed"}}
	others := 0.0
	for line := range strings.Lines(summary.String()) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		calls, err := strconv.Atoi(fields[0])
		if err != nil {
			continue
		}
		failed := ""
		if len(fields) == 3 {
			failed = fields[1]
		}
		perPass := func(n string) string {
			value, _ := strconv.ParseFloat(n, 64)
			return number(value / float64(b.passes))
		}
		name := fields[len(fields)-1]
		switch {
		case name == "total":
			if others > 0 {
				t.add("others", number(others), "")
			}
			t.add("**all**", perPass(fields[0]), perPass(failed))
		case len(t.rows) < 12:
			t.add(name, perPass(fields[0]), perPass(failed))
		default:
			others += float64(calls) / float64(b.passes)
		}
	}
	if len(t.rows) == 0 {
		b.report.section("System calls", "**Left out: strace can't trace here: "+strings.TrimSpace(summary.String())+"**")
		return nil
	}
	b.report.section("System calls", fmt.Sprintf(`Of the daemon with 250 containers, over %d seen passes, everything between them included; strace -c -f. Each
ttl.json, or the directory of a volume without one, is asked for whether it was written since: newfstatat.`, b.passes), t)
	return nil
}
