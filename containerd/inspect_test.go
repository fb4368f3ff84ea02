package containerd_test

import (
	"fmt"
	"strings"

	"github.com/containerd/containerd/api/services/containers/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"weeder/containerd"
	"weeder/reaper"
)

var sighting = reaper.Sighting{
	Properties: map[string]string{"user": "root"},
	Spec: &reaper.Spec{
		Root:  "/volumes/live/v-root/volume",
		Binds: []reaper.Bind{{Source: "/volumes/live/v-get/volume", Destination: "/tmp/build/get"}},

		Purpose: reaper.Purpose{Build: "42"},
	},
	SpecSource: reaper.SourceContainerd,
	CreatedAt:  createdAt,
}

// few and many are handles before those that a spec is about: containers are asked
// for one by one, or listed.
var few, many = handles(0), handles(20)

func handles(count int) []string {
	handles := make([]string, count)
	for n := range handles {
		handles[n] = fmt.Sprintf("c-%05d", n)
	}
	return handles
}

var _ = Describe("Inspect", func() {
	var fake *fakeContainerd
	BeforeEach(func() {
		fake = newFake()
	})

	DescribeTable("tells what containerd keeps of the containers in the namespace",
		func(ctx SpecContext, others []string) {
			fake.has(container("c-1", spec), container("c-2", spec), container("c-not-asked-for", spec))
			fake.containers["moby"] = []*containers.Container{container("c-of-another", spec)}

			sightings, err := fake.client().Inspect(ctx, append(others, "c-1", "c-2", "c-of-another"))
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(Equal(map[string]reaper.Sighting{"c-1": sighting, "c-2": sighting}))
		},
		Entry("asked for one by one", few),
		Entry("listed", many),
	)

	It("asks for a few, and lists many", func(ctx SpecContext) {
		client := fake.client()
		_, err := client.Inspect(ctx, []string{"c-1", "c-2"})
		Expect(err).NotTo(HaveOccurred())
		Expect(fake.wasAsked()).To(Equal([]string{"get c-1", "get c-2"}))

		_, err = client.Inspect(ctx, handles(17))
		Expect(err).NotTo(HaveOccurred())
		Expect(fake.wasAsked()).To(Equal([]string{"get c-1", "get c-2", "list"}))
	})

	It("asks nothing about nothing", func(ctx SpecContext) {
		Expect(fake.client().Inspect(ctx, nil)).To(BeEmpty())
		Expect(fake.wasAsked()).To(BeEmpty())
	})

	It("reads the spec that a real worker's containerd kept", func(ctx SpecContext) {
		fake.has(container("modern-2", string(testdata("bundle-modern-2-config.json"))))
		sightings, err := fake.client().Inspect(ctx, []string{"modern-2"})
		Expect(err).NotTo(HaveOccurred())
		Expect(*sightings["modern-2"].Spec).To(Equal(reaper.Spec{
			Root: "/worker-state/volumes/live/m-cow/volume",
			Binds: []reaper.Bind{
				{Source: "/usr/local/concourse/bin/init", Destination: "/tmp/gdn-init"},
				{Source: "/worker-state/volumes/live/m-get/volume", Destination: "/tmp/build/get"},
			},
		}))
	})

	It("lists ten thousand containers, whose specs no single message can hold", func(ctx SpecContext) {
		all := handles(10000)
		padding := fmt.Sprintf(`{"annotations":{"a":%q},`, strings.Repeat("x", 5000))
		for _, handle := range all {
			fake.has(container(handle, padding+strings.TrimPrefix(spec, "{")))
		}
		sightings, err := fake.client().Inspect(ctx, all)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(10000))
		Expect(sightings["c-09999"]).To(Equal(sighting))
	})

	DescribeTable("doubts the container whose spec can't be read, and that alone",
		func(ctx SpecContext, others []string, stored *anypb.Any, detail string) {
			broken := container("c-broken", "")
			broken.Spec = stored
			fake.has(broken, container("c-1", spec))

			sightings, err := fake.client().Inspect(ctx, append(others, "c-broken", "c-1"))
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(HaveLen(2))
			Expect(sightings["c-1"]).To(Equal(sighting))

			doubted := sightings["c-broken"]
			Expect(doubted.Doubts).To(ConsistOf(HaveField("Detail", HavePrefix(detail))))
			Expect(doubted.Doubts[0].Code).To(Equal(reaper.SourceUnreadable))
			doubted.Doubts = nil
			Expect(doubted).To(Equal(reaper.Sighting{Properties: map[string]string{"user": "root"}, CreatedAt: createdAt}))
		},
		Entry("cut short", few, &anypb.Any{Value: []byte(spec[:40])}, "containerd: decode OCI spec: "),
		Entry("cut short, in a list", many, &anypb.Any{Value: []byte(spec[:40])}, "containerd: decode OCI spec: "),
		Entry("no spec of OCI", few, &anypb.Any{Value: []byte(`{}`)}, "containerd: decode OCI spec: no ociVersion in it"),
		Entry("empty", few, &anypb.Any{}, "containerd: decode OCI spec: "),
		Entry("not there", few, nil, "containerd: it has no OCI spec"),
		Entry("not there, in a list", many, nil, "containerd: it has no OCI spec"),
	)

	It("does not know a time of creation that containerd leaves out", func(ctx SpecContext) {
		undated := container("c-1", spec)
		undated.CreatedAt = nil
		zero := container("c-2", spec)
		zero.CreatedAt = timestamppb.New(reaper.Sighting{}.CreatedAt)
		fake.has(undated, zero)

		sightings, err := fake.client().Inspect(ctx, []string{"c-1", "c-2"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-1"].CreatedAt.IsZero()).To(BeTrue())
		Expect(sightings["c-2"].CreatedAt.IsZero()).To(BeTrue())
	})

	Context("when containerd fails for one container", func() {
		BeforeEach(func() {
			fake.refusals["c-bad"] = status.Error(codes.Internal, "bucket 100% broken: \xe2\x80\xa6")
		})

		It("doubts that one while the others are told", func(ctx SpecContext) {
			fake.has(container("c-1", spec))
			sightings, err := fake.client().Inspect(ctx, []string{"c-1", "c-bad", "c-absent"})
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(Equal(map[string]reaper.Sighting{
				"c-1":   sighting,
				"c-bad": {Doubts: unreadable("containerd: bucket 100% broken: …")},
			}))
		})

		It("fails where no other is told", func(ctx SpecContext) {
			_, err := fake.client().Inspect(ctx, []string{"c-bad"})
			Expect(err).To(MatchError("inspect containers: containerd at " + fake.socket + ": bucket 100% broken: …"))
		})
	})

	It("does not take a list that broke off for all there is", func(ctx SpecContext) {
		fake.has(container("c-1", spec))
		fake.endsList = status.Error(codes.Internal, "database not open")
		_, err := fake.client().Inspect(ctx, append(many, "c-1"))
		Expect(err).To(MatchError("inspect containers: containerd at " + fake.socket + ": database not open"))
	})

	It("does not believe what is told of another container", func(ctx SpecContext) {
		socket := serveRaw(func(string) [][]byte {
			return [][]byte{encode(&containers.GetContainerResponse{Container: container("c-2", spec)})}
		})
		_, err := newClient(containerd.Config{Socket: socket}).Inspect(ctx, []string{"c-1"})
		Expect(err).To(MatchError(ContainSubstring(`asked for c-1 it told of "c-2"`)))
		Expect(err).To(MatchError(containerd.ErrNotContainerd))
	})

	DescribeTable("fails on messages that containerd does not send",
		func(ctx SpecContext, others []string, messages [][]byte, detail string) {
			socket := serveRaw(func(string) [][]byte { return messages })
			_, err := newClient(containerd.Config{Socket: socket}).Inspect(ctx, append(others, "c-1"))
			Expect(err).To(MatchError(containerd.ErrNotContainerd))
			Expect(err).To(MatchError(ContainSubstring(detail)))
			Expect(err).To(MatchError(ContainSubstring(socket)))
			Expect(err).To(MatchError(ContainSubstring("--containerd")))
		},
		Entry("none", few, [][]byte{}, "received no response message"),
		Entry("two for one", few, [][]byte{nil, nil}, "received another message"),
		Entry("an empty one", few, [][]byte{{}}, "an answer without a container"),
		Entry("an empty one in a list", many, [][]byte{{}}, "an answer without a container"),
		Entry("one cut short", few, [][]byte{{0x0a, 0x7f, 0x01}}, "failed to unmarshal the received message"),
		Entry("one cut short in a list", many, [][]byte{{0x0a, 0x7f, 0x01}}, "failed to unmarshal the received message"),
		Entry("labels cut short", few, [][]byte{{0x0a, 0x04, 0x12, 0x02, 0x0a, 0x7f}}, "failed to unmarshal the received message"),
		Entry("a spec cut short", few, [][]byte{{0x0a, 0x04, 0x2a, 0x02, 0x12, 0x7f}}, "failed to unmarshal the received message"),
		Entry("a time cut short", few, [][]byte{{0x0a, 0x04, 0x42, 0x02, 0x08, 0xff}}, "failed to unmarshal the received message"),
		Entry("one too long", few, [][]byte{make([]byte, 16<<20+1)}, "message larger than max (16777217 vs. 16777216)"),
	)
})
