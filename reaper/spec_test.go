package reaper_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("DecodeSpec", func() {
	const spec = `{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":[{"destination":"/d","type":"bind","source":"/s"}]}`

	It("reads the bundle that Guardian made", func() {
		Expect(reaper.DecodeSpec(recorded("guardian/depot-config.json"))).To(Equal(reaper.Spec{
			Root: "/var/vcap/data/baggageclaim/volumes/live/88914c83-fc71-4358-4f3f-b886429f9013/volume",
			Binds: []reaper.Bind{
				{Source: "/var/vcap/packages/guardian/bin/init", Destination: "/tmp/garden-init"},
				{Source: "/var/vcap/data/baggageclaim/volumes/live/1a657656-9647-4bee-54be-8505eb323b9e/volume", Destination: "/tmp/build/get"},
				{Source: "/var/vcap/data/garden/depot/eb8f2bbf-86e1-4603-4881-548c9133aa62/hosts", Destination: "/etc/hosts"},
				{Source: "/var/vcap/data/garden/depot/eb8f2bbf-86e1-4603-4881-548c9133aa62/resolv.conf", Destination: "/etc/resolv.conf"},
			},
		}))
	})

	It("reads the bundle that Concourse's containerd backend made", func() {
		Expect(reaper.DecodeSpec(recorded("concourse-containerd/bundle-modern-2-config.json"))).To(Equal(reaper.Spec{
			Root: "/worker-state/volumes/live/m-cow/volume",
			Binds: []reaper.Bind{
				{Source: "/usr/local/concourse/bin/init", Destination: "/tmp/gdn-init"},
				{Source: "/worker-state/volumes/live/m-get/volume", Destination: "/tmp/build/get"},
			},
		}))
	})

	DescribeTable("takes a mount for a bind by its type or an option",
		func(mount string, isBind bool) {
			decoded, err := reaper.DecodeSpec([]byte(`{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":[` + mount + `]}`))
			Expect(err).NotTo(HaveOccurred())
			if !isBind {
				Expect(decoded.Binds).To(BeEmpty())
				return
			}
			Expect(decoded.Binds).To(Equal([]reaper.Bind{{Source: "/s", Destination: "/d"}}))
		},
		Entry("type bind", `{"destination":"/d","type":"bind","source":"/s"}`, true),
		Entry("option bind", `{"destination":"/d","source":"/s","options":["ro","bind"]}`, true),
		Entry("option rbind", `{"destination":"/d","type":"none","source":"/s","options":["rbind"]}`, true),
		Entry("a tmpfs", `{"destination":"/d","type":"tmpfs","source":"/s","options":["ro"]}`, false),
		Entry("no type and no option", `{"destination":"/d","source":"/s"}`, false),
	)

	It("reads a spec without mounts", func() {
		Expect(reaper.DecodeSpec([]byte(`{"ociVersion":"1.0.0","root":{"path":"/r"}}`))).To(Equal(reaper.Spec{Root: "/r"}))
		Expect(reaper.DecodeSpec([]byte(`{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":null}`))).To(Equal(reaper.Spec{Root: "/r"}))
	})

	It("refuses a spec cut short anywhere", func() {
		Expect(reaper.DecodeSpec([]byte(spec))).NotTo(BeZero())
		for end := range len(spec) {
			decoded, err := reaper.DecodeSpec([]byte(spec[:end]))
			Expect(err).To(HaveOccurred(), spec[:end])
			Expect(decoded).To(BeZero())
		}
	})

	DescribeTable("refuses what is no spec, so that it does not pass for one without volumes",
		func(data string) {
			decoded, err := reaper.DecodeSpec([]byte(data))
			Expect(err).To(MatchError(HavePrefix("decode OCI spec: ")))
			Expect(decoded).To(BeZero())
		},
		Entry("nothing", ``),
		Entry("an empty object", `{}`),
		Entry("null", `null`),
		Entry("a list", `[]`),
		Entry("a text", `"spec"`),
		Entry("another JSON", `{"ttl":0,"expires_at":1477060154}`),
		Entry("no version", `{"root":{"path":"/r"}}`),
		Entry("no root", `{"ociVersion":"1.0.0"}`),
		Entry("null for the root", `{"ociVersion":"1.0.0","root":null}`),
		Entry("a root without a path", `{"ociVersion":"1.0.0","root":{}}`),
		Entry("a version that is a number", `{"ociVersion":1,"root":{"path":"/r"}}`),
		Entry("a root that is a text", `{"ociVersion":"1.0.0","root":"/r"}`),
		Entry("mounts that are an object", `{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":{}}`),
		Entry("a mount that is a text", `{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":["/s"]}`),
		Entry("a source that is a number", `{"ociVersion":"1.0.0","root":{"path":"/r"},"mounts":[{"type":"bind","source":1}]}`),
		Entry("bytes behind it", spec+`}`),
		Entry("a root that is there twice", `{"ociVersion":"1.0.0","root":{"path":"/r"},"root":{"path":"/s"}}`),
		Entry("a path that is no UTF-8", "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"/r\xff\"}}"),
	)
})
