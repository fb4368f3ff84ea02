package console_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// relay hands on connections, each known by its request, until it is cut.
type relay struct {
	listener net.Listener

	mu    sync.Mutex
	conns map[string]*relayed
}

type relayed struct {
	near *net.TCPConn
	far  net.Conn
	// gone is a near that the far is not told of.
	gone bool
}

// newRelay relays to a socket.
func newRelay(to string) *relay {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	r := &relay{listener: listener, conns: map[string]*relayed{}}
	var over sync.WaitGroup
	over.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			over.Go(func() { r.carry(near.(*net.TCPConn), to) })
		}
	})
	DeferCleanup(func() {
		listener.Close()
		r.cut("")
		over.Wait()
	})
	return r
}

func (r *relay) carry(near *net.TCPConn, to string) {
	defer near.Close()
	reader := bufio.NewReader(near)
	line, err := reader.ReadString('\n')
	if err != nil {
		return
	}
	dialled, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	far := dialled.(*net.UnixConn)
	defer far.Close()
	conn := &relayed{near: near, far: far}
	r.mu.Lock()
	r.conns[line] = conn
	r.mu.Unlock()

	fmt.Fprint(far, line)
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(far, reader)
		r.mu.Lock()
		defer r.mu.Unlock()
		if !conn.gone {
			// What it has said may still be on its way.
			far.CloseWrite()
		}
	})
	both.Go(func() {
		io.Copy(near, far)
		near.Close()
	})
	both.Wait()
}

// cut closes the connections whose request has this in it, and tells how many
// there were.
func (r *relay) cut(request string) int {
	return r.each(request, func(conn *relayed) {
		conn.near.Close()
		conn.far.Close()
	})
}

// sever closes them for the near end alone.
func (r *relay) sever(request string) int {
	return r.each(request, func(conn *relayed) {
		conn.gone = true
		conn.near.Close()
	})
}

// reset has the near end see them broken, not ended.
func (r *relay) reset(request string) int {
	return r.each(request, func(conn *relayed) {
		conn.gone = true
		conn.near.SetLinger(0)
		conn.near.Close()
	})
}

func (r *relay) each(request string, do func(*relayed)) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := 0
	for line, conn := range r.conns {
		if strings.Contains(line, request) {
			do(conn)
			found++
		}
	}
	return found
}

// asked tells how many requests had this in them.
func (r *relay) asked(request string) int {
	return r.each(request, func(*relayed) {})
}
