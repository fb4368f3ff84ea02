package reaper_test

import (
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("PropertyReferences", func() {
	const (
		incidentRoot  = "1a657656-9647-4bee-54be-8505eb323b9e"
		incidentMount = "88914c83-fc71-4358-4f3f-b886429f9013"
	)
	type refs = []reaper.Reference
	type because = []reaper.Code

	told := func(volumes, mounts string) map[string]string {
		properties := map[string]string{"user": "root"}
		if volumes != "" {
			properties["concourse:volumes"] = volumes
		}
		if mounts != "" {
			properties["concourse:volume-mounts"] = mounts
		}
		return properties
	}
	ref := func(volume, path string) reaper.Reference {
		return reaper.Reference{Volume: volume, Path: path, Source: reaper.SourceProperties}
	}
	root := func(volume string) reaper.Reference {
		return reaper.Reference{Volume: volume, Path: "/", Root: true, Source: reaper.SourceProperties}
	}

	DescribeTable("reads the volumes, and which of them is the root",
		func(volumes, mounts string, expected refs, doubts because) {
			references, reasons := reaper.PropertyReferences(told(volumes, mounts))
			Expect(references).To(Equal(expected))
			Expect(codes(reasons)).To(Equal(doubts))
		},
		Entry("neither property", "", "", nil, because{}),
		Entry("without mounts: the last is the root", `["a","b","c"]`, "", refs{ref("a", ""), ref("b", ""), root("c")}, because{}),
		Entry("without mounts: one alone is the root", `["a"]`, "", refs{root("a")}, because{}),
		Entry("without mounts: the last, even where it is named before", `["a","b","a"]`, "", refs{root("a"), ref("b", "")}, because{}),
		Entry("with mounts: the one not mounted, wherever it stands", `["root","get"]`, `{"get":"/tmp/build/get"}`,
			refs{root("root"), ref("get", "/tmp/build/get")}, because{}),
		Entry("with mounts: the one not mounted, named twice", `["root","get","root"]`, `{"get":"/tmp/build/get"}`,
			refs{root("root"), ref("get", "/tmp/build/get")}, because{}),
		Entry("with mounts: several not mounted, and so none", `["a","b","get"]`, `{"get":"/tmp/build/get"}`,
			refs{ref("a", ""), ref("b", ""), ref("get", "/tmp/build/get")}, because{}),
		Entry("with mounts: every one mounted, and so none", `["a","b"]`, `{"a":"/a","b":"/b"}`,
			refs{ref("a", "/a"), ref("b", "/b")}, because{}),
		Entry("with mounts that are none: the only one", `["a"]`, `{}`, refs{root("a")}, because{}),
		Entry("with mounts that are none: several", `["a","b"]`, `{}`, refs{ref("a", ""), ref("b", "")}, because{}),
		Entry("a mount that the list lacks", `["root"]`, `{"z":"/z","get":"/get"}`,
			refs{root("root"), ref("get", "/get"), ref("z", "/z")}, because{}),
		Entry("mounts alone", "", `{"get":"/get"}`, refs{ref("get", "/get")}, because{}),
		Entry("an empty list", `[]`, "", nil, because{}),
		Entry("null for a list", `null`, "", nil, because{}),
		Entry("null for both", `null`, `null`, nil, because{}),
		Entry("null for the mounts: nothing is mounted", `["a"]`, `null`, refs{root("a")}, because{}),

		Entry("a list cut short", `["a","b`, "", nil, because{reaper.PropertiesMalformed}),
		Entry("a list that is empty text", " ", "", nil, because{reaper.PropertiesMalformed}),
		Entry("bytes behind the list", `["a"]]`, "", nil, because{reaper.PropertiesMalformed}),
		Entry("numbers", `["a",1,"b"]`, "", nil, because{reaper.PropertiesMalformed}),
		Entry("an object for a list", `{"a":"/a"}`, "", nil, because{reaper.PropertiesMalformed}),
		Entry("a malformed list: the mounts still count, none as the root", `["a"`, `{"get":"/get"}`,
			refs{ref("get", "/get")}, because{reaper.PropertiesMalformed}),
		Entry("malformed mounts: the list still counts, none as the root", `["a","b"]`, `{"b":`,
			refs{ref("a", ""), ref("b", "")}, because{reaper.PropertiesMalformed}),
		Entry("a path that is a number", `["a","b"]`, `{"b":1}`,
			refs{ref("a", ""), ref("b", "")}, because{reaper.PropertiesMalformed}),
		Entry("a list for the mounts", `["a"]`, `["a"]`, refs{ref("a", "")}, because{reaper.PropertiesMalformed}),
		Entry("both malformed", `[`, `[`, nil, because{reaper.PropertiesMalformed, reaper.PropertiesMalformed}),

		Entry("null for a handle", `["a",null]`, "", refs{ref("a", "")}, because{reaper.VolumeHandleUnsafe}),
		Entry("an unsafe handle, the others still counting", `["a","../b","c"]`, "",
			refs{ref("a", ""), root("c")}, because{reaper.VolumeHandleUnsafe}),
		Entry("an unsafe handle named twice is one doubt", `["/","/","a"]`, "", refs{root("a")}, because{reaper.VolumeHandleUnsafe}),
		Entry("an unsafe root is nobody else's place", `["a","b/"]`, "", refs{ref("a", "")}, because{reaper.VolumeHandleUnsafe}),
		Entry("an unsafe handle not mounted still counts among those not mounted", `["a","..","get"]`, `{"get":"/get"}`,
			refs{ref("a", ""), ref("get", "/get")}, because{reaper.VolumeHandleUnsafe}),
		Entry("an unsafe mount", `["root"]`, `{"a\u0000b":"/get"}`, refs{root("root")}, because{reaper.VolumeHandleUnsafe}),

		// JSON stands U+FFFD in for what it can't carry: the handle that is meant
		// is another one, and may be there.
		Entry("a handle that came through JSON spoilt: half a surrogate pair", `["v-\ud800"]`, "", nil, because{reaper.VolumeHandleUnsafe}),
		Entry("a handle that came through JSON spoilt: no UTF-8", "[\"v-\xff\"]", "", nil, because{reaper.VolumeHandleUnsafe}),
	)

	It("names in a doubt the property or the handle", func() {
		_, reasons := reaper.PropertyReferences(told(`["../etc"]`, `{`))
		Expect(reasons).To(ConsistOf(
			HaveField("Detail", HavePrefix("property concourse:volume-mounts can't be read: ")),
			And(HaveField("Volume", "../etc"), HaveField("Detail", ContainSubstring(`"../etc"`)))))
	})

	It("reads the incident's container: its root, the last, is another than the volume with the ttl", func() {
		var containers map[string]map[string]string
		Expect(json.Unmarshal(recorded("incident/container-properties.json"), &containers)).To(Succeed())

		references, reasons := reaper.PropertyReferences(containers["eb8f2bbf-86e1-4603-4881-548c9133aa62"])
		Expect(reasons).To(BeEmpty())
		Expect(references).To(Equal(refs{ref(incidentMount, ""), root(incidentRoot)}))
	})

	It("reads what Guardian recorded: the root is the one that is not mounted, though the first", func() {
		var properties map[string]string
		Expect(json.Unmarshal(recorded("guardian/properties.json"), &properties)).To(Succeed())

		references, reasons := reaper.PropertyReferences(properties)
		Expect(reasons).To(BeEmpty())
		Expect(references).To(Equal(refs{
			root("88914c83-fc71-4358-4f3f-b886429f9013"),
			ref("1a657656-9647-4bee-54be-8505eb323b9e", "/tmp/build/get"),
		}))
	})
})

var _ = Describe("SpecReferences", func() {
	under := func(path string) (string, bool) {
		switch path {
		case "/volumes/live/root/volume":
			return "root", false
		case "/volumes/live/get/volume":
			return "get", false
		case "/volumes/live/..":
			return "..", false
		case "/elsewhere/live/other/volume":
			return "other", true
		}
		return "", false
	}
	read := func(root string, binds ...string) ([]reaper.Reference, []reaper.Reason) {
		spec := reaper.Spec{Root: root}
		for i, source := range binds {
			spec.Binds = append(spec.Binds, reaper.Bind{Source: source, Destination: fmt.Sprintf("/mnt/%d", i)})
		}
		return reaper.SpecReferences(spec, reaper.SourceContainerd, under)
	}

	It("takes the root and the bind mounts that lie in volumes, and nothing else", func() {
		references, doubts := read("/volumes/live/root/volume", "/etc/hosts", "/volumes/live/get/volume")
		Expect(doubts).To(BeEmpty())
		Expect(references).To(Equal([]reaper.Reference{
			{Volume: "root", Path: "/", Root: true, Source: reaper.SourceContainerd},
			{Volume: "get", Path: "/mnt/1", Source: reaper.SourceContainerd},
		}))
	})

	It("refers to nothing where no path lies in a volume", func() {
		references, doubts := read("/var/vcap/packages/busybox", "/etc/hosts", "")
		Expect(references).To(BeEmpty())
		Expect(doubts).To(BeEmpty())
	})

	DescribeTable("doubts, by path, a volume outside of the volumes directory",
		func(root string, binds ...string) {
			references, doubts := read(root, binds...)
			Expect(references).To(BeEmpty())
			Expect(doubts).To(ConsistOf(And(
				HaveField("Code", reaper.OtherVolumesDir),
				HaveField("Volume", "other"),
				HaveField("Detail", ContainSubstring("/elsewhere/live/other/volume")))))
		},
		Entry("as the root", "/elsewhere/live/other/volume"),
		Entry("as a mount", "/rootfs", "/elsewhere/live/other/volume"),
	)

	It("doubts a handle that is no file name, and keeps the others", func() {
		references, doubts := read("/volumes/live/root/volume", "/volumes/live/..")
		Expect(references).To(ConsistOf(HaveField("Volume", "root")))
		Expect(doubts).To(ConsistOf(And(HaveField("Code", reaper.VolumeHandleUnsafe), HaveField("Volume", ".."))))
	})
})
