package status_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/lager/v3"
	"code.cloudfoundry.org/lager/v3/lagertest"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/status"
)

// server is a Serve that runs.
type server struct {
	address string
	logger  *lagertest.TestLogger
	stop    context.CancelFunc
	ended   chan error
}

func serve(handler http.Handler) server {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	s := server{address: listener.Addr().String(), logger: lagertest.NewTestLogger("status"), stop: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- status.Serve(ctx, listener, handler, s.logger) }()
	DeferCleanup(cancel)
	return s
}

// dial connects without saying anything.
func (s server) dial() net.Conn {
	GinkgoHelper()
	connection, err := net.Dial("tcp", s.address)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(connection.Close)
	return connection
}

// get asks for / and gives what comes back.
func get(connection net.Conn) string {
	GinkgoHelper()
	_, err := fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: weeder\r\n\r\n")
	Expect(err).NotTo(HaveOccurred())
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	Expect(err).NotTo(HaveOccurred())
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

func refused(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err == nil {
		connection.Close()
	}
	return err != nil
}

var _ = Describe("the server", func() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })

	It("answers until it is told to end", func() {
		s := serve(hello)
		idle := s.dial()
		Expect(get(idle)).To(Equal("hello"))
		begun := time.Now()
		s.stop()
		Eventually(s.ended).Should(Receive(BeNil()))
		Expect(time.Since(begun)).To(BeNumerically("<", 2*time.Second))
		Expect(refused(s.address)).To(BeTrue())
	})

	It("gives answers under way some time to end", func() {
		began, goOn := make(chan struct{}), make(chan struct{})
		s := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(began)
			<-goOn
			fmt.Fprint(w, "late")
		}))
		answer := make(chan string)
		connection := s.dial()
		go func() {
			defer GinkgoRecover()
			answer <- get(connection)
		}()
		Eventually(began).Should(BeClosed())
		s.stop()
		Eventually(func() bool { return refused(s.address) }).Should(BeTrue())
		Consistently(s.ended, 100*time.Millisecond).ShouldNot(Receive())
		close(goOn)
		Eventually(answer).Should(Receive(Equal("late")))
		Eventually(s.ended).Should(Receive(BeNil()))
	})

	It("ends within seconds though clients hang", func() {
		// More than all buffers on the way take.
		flood := make([]byte, 64<<20)
		left := make(chan struct{})
		s := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer close(left)
			_, _ = w.Write(flood)
		}))
		s.dial()
		halfway := s.dial()
		_, err := fmt.Fprint(halfway, "GET / HTTP/1.1\r\nHost:")
		Expect(err).NotTo(HaveOccurred())
		deaf := s.dial()
		_, err = fmt.Fprint(deaf, "GET / HTTP/1.1\r\nHost: weeder\r\n\r\n")
		Expect(err).NotTo(HaveOccurred())
		_, err = io.ReadFull(deaf, make([]byte, 1))
		Expect(err).NotTo(HaveOccurred())

		s.stop()
		Eventually(s.ended).WithTimeout(4 * time.Second).Should(Receive(BeNil()))
		Expect(left).To(BeClosed())
	})

	It("waits for handlers when it ends, however that comes about", func() {
		began, goOn := make(chan struct{}), make(chan struct{})
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(began)
			<-goOn
		})
		listener := &brokenListener{breaks: make(chan struct{})}
		var err error
		listener.Listener, err = net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		ended := make(chan error, 1)
		go func() {
			ended <- status.Serve(context.Background(), listener, handler, lagertest.NewTestLogger("status"))
		}()
		client := server{address: listener.Addr().String()}.dial()
		_, err = fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: weeder\r\n\r\n")
		Expect(err).NotTo(HaveOccurred())
		Eventually(began).Should(BeClosed())
		close(listener.breaks)
		Consistently(ended, 100*time.Millisecond).ShouldNot(Receive())
		close(goOn)
		Eventually(ended).Should(Receive(MatchError("serve status: listener broke")))
	})

	It("logs what goes wrong in a handler", func() {
		s := serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a bug") }))
		connection := s.dial()
		_, err := fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: weeder\r\n\r\n")
		Expect(err).NotTo(HaveOccurred())
		Eventually(s.logger.Buffer()).Should(gbytes.Say("http-server-complained.*a bug"))
		Expect(s.logger.Logs()[0].LogLevel).To(Equal(lager.INFO))
		s.stop()
		Eventually(s.ended).Should(Receive(BeNil()))
	})

	It("has clients wait where many keep it busy", func() {
		var busy atomic.Int32
		goOn := make(chan struct{})
		s := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			busy.Add(1)
			<-goOn
			fmt.Fprint(w, "hello")
		}))
		const most, more = 64, 10
		answers := make(chan string, most+more)
		for range most + more {
			connection, err := net.Dial("tcp", s.address)
			Expect(err).NotTo(HaveOccurred())
			go func() {
				defer GinkgoRecover()
				defer connection.Close()
				answers <- get(connection)
			}()
		}
		Eventually(busy.Load).Should(BeEquivalentTo(most))
		Consistently(busy.Load, 100*time.Millisecond).Should(BeEquivalentTo(most))
		close(goOn)
		Eventually(answers).Should(HaveLen(most + more))
	})

	It("takes no headers without end", func() {
		s := serve(hello)
		connection := s.dial()
		_, err := fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: weeder\r\nX: %032768d\r\n\r\n", 0)
		Expect(err).NotTo(HaveOccurred())
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.StatusCode).To(Equal(http.StatusRequestHeaderFieldsTooLarge))
		s.stop()
		Eventually(s.ended).Should(Receive(BeNil()))
	})
})

// brokenListener takes one connection, and fails when it is told to.
type brokenListener struct {
	net.Listener
	breaks chan struct{}
	taken  bool
}

func (l *brokenListener) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return l.Listener.Accept()
	}
	<-l.breaks
	return nil, errors.New("listener broke")
}
