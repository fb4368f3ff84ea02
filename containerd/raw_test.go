package containerd_test

import (
	"path/filepath"

	. "github.com/onsi/gomega"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// serveRaw serves gRPC that answers each method with messages as they are given,
// and gives back its socket.
func serveRaw(answer func(method string) [][]byte) string {
	socket := filepath.Join(shortDir(), "raw.sock")
	serve(grpc.NewServer(
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var request []byte
			if err := stream.RecvMsg(&request); err != nil {
				return err
			}
			method, _ := grpc.MethodFromServerStream(stream)
			for _, message := range answer(method) {
				if err := stream.SendMsg(message); err != nil {
					return err
				}
			}
			return nil
		}),
	), socket)
	return socket
}

// rawCodec leaves messages as they are.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Name() string { return "raw" }

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func encode(message proto.Message) []byte {
	encoded, err := proto.Marshal(message)
	Expect(err).NotTo(HaveOccurred())
	return encoded
}
