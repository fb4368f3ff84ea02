package backend

import (
	"bytes"
	"net"
	"sync"
)

// untypedMark begins the process ID of an error that is to cross the wire as a 404 without a type,
// which garden.Error knows no way to say.
const untypedMark = "weeder-sandbox-untyped-404:"

// listener keeps its connections, so that a server can be stopped though a client holds one open,
// and takes the type off the replies that are marked.
type listener struct {
	net.Listener

	mutex sync.Mutex
	conns map[*conn]struct{}
}

type conn struct {
	net.Conn
	listener *listener
}

func newListener(under net.Listener) *listener {
	return &listener{Listener: under, conns: map[*conn]struct{}{}}
}

func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}

	l.mutex.Lock()
	defer l.mutex.Unlock()
	kept := &conn{Conn: accepted, listener: l}
	l.conns[kept] = struct{}{}

	return kept, nil
}

func (l *listener) closeConns() {
	l.mutex.Lock()
	conns := l.conns
	l.conns = map[*conn]struct{}{}
	l.mutex.Unlock()

	for open := range conns {
		open.Conn.Close()
	}
}

func (c *conn) Close() error {
	c.listener.mutex.Lock()
	delete(c.listener.conns, c)
	c.listener.mutex.Unlock()

	return c.Conn.Close()
}

func (c *conn) Write(reply []byte) (int, error) {
	if bytes.Contains(reply, []byte(untypedMark)) {
		reply = untype(reply)
	}

	return c.Conn.Write(reply)
}

// untype keeps the reply's length, since its header has been written.
func untype(reply []byte) []byte {
	header, body, ok := bytes.Cut(reply, []byte("\r\n\r\n"))
	if !ok {
		return reply
	}
	length := len(body)
	for _, change := range [][2]string{
		{`"Type":"ProcessNotFoundError"`, `"Type":""`},
		{"unknown process: ", "unknown handle: "},
		{untypedMark, ""},
	} {
		body = bytes.ReplaceAll(body, []byte(change[0]), []byte(change[1]))
	}
	padding := bytes.Repeat([]byte(" "), length-len(body))

	return bytes.Join([][]byte{header, []byte("\r\n\r\n"), body, padding}, nil)
}
