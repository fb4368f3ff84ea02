package tarstream_test

import (
	"io"
	"net"
	"testing"

	"weeder/cmd/weeder/tarstream"
)

// BenchmarkCopy copies 256 MiB from a socket to another, as weeder does, with
// the archive's end looked for and without.
func BenchmarkCopy(b *testing.B) {
	const files, size = 256, 1 << 20
	content := noise(size)
	var archive []byte
	for range files {
		one := packed(entry("file", content))
		archive = append(archive, one[:len(one)-1024]...)
	}
	archive = append(archive, packed()...)

	for name, copy := range map[string]func(io.Writer, io.Reader) (int64, error){
		"checked": tarstream.Copy,
		"plain": func(dst io.Writer, src io.Reader) (int64, error) {
			return io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, 64<<10))
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(archive)))
			for b.Loop() {
				in, feed := sockets(b)
				drain, out := sockets(b)
				go func() {
					_, _ = feed.Write(archive)
					feed.Close()
				}()
				drained := make(chan struct{})
				go func() {
					defer close(drained)
					_, _ = io.Copy(io.Discard, struct{ io.Reader }{drain})
				}()
				n, err := copy(out, in)
				if err != nil || n != int64(len(archive)) {
					b.Fatal(n, err)
				}
				out.Close()
				<-drained
			}
		})
	}
}

// sockets are the ends of a connection.
func sockets(b *testing.B) (net.Conn, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near, far
}
