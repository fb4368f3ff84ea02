package spec

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// workerAt is a worker of which there is but a target, and a volumes
// directory with one volume.
func workerAt(target string) *worker {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	for _, state := range []string{"init", "live/volume/volume", "dead"} {
		Expect(os.MkdirAll(filepath.Join(dir, state), 0o755)).To(Succeed())
	}
	return &worker{Target: target, Volumes: dir, Journal: filepath.Join(dir, "journal")}
}

// fakeGarden answers every request in one way. It leaves out all of Garden:
// it has no containers, and forgets what it is asked.
func fakeGarden(answer http.HandlerFunc) *worker {
	GinkgoHelper()
	server := httptest.NewServer(answer)
	DeferCleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return workerAt(server.Listener.Addr().String())
}

// listening is a Garden that is a bare listener: it has whoever connects
// handled, and speaks no HTTP. Without a handler it never answers.
func listening(handle func(net.Conn)) *worker {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			if handle != nil {
				handle(conn)
			}
		}
	}()
	DeferCleanup(func() {
		listener.Close()
		<-closed
	})
	return workerAt(listener.Addr().String())
}

// answering answers with a status and a body.
func answering(status int, contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

const (
	asHTML = "text/html; charset=utf-8"
	asJSON = "application/json"
	page   = "<!DOCTYPE html>\n<html><body><h1>Welcome to nginx!</h1></body></html>\n"
)

// complains checks a session that could not do what it was asked: its exit
// status, nothing on stdout, and on stderr one line as design, section 8,
// has errors, in which each of the texts is.
func complains(session *gexec.Session, status int, texts ...string) {
	GinkgoHelper()
	Expect(session).To(gexec.Exit(status))
	Expect(stdout(session)).To(BeEmpty())
	Expect(stderr(session)).To(MatchRegexp(`\Aerror: [^A-Z\s][^\n]*[^.\s]\n\z`))
	for _, text := range texts {
		Expect(stderr(session)).To(ContainSubstring(text))
	}
}
