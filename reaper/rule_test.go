package reaper_test

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Judge", func() {
	const ttl = 5 * time.Minute

	eio := &fs.PathError{Op: "stat", Path: "live/v", Err: syscall.EIO}
	eacces := &fs.PathError{Op: "stat", Path: "live/v", Err: syscall.EACCES}
	enotdir := &fs.PathError{Op: "stat", Path: "live/v", Err: syscall.ENOTDIR}
	cut := errors.New("unexpected end of JSON input")

	type onDisk = []reaper.Volume
	type because = []reaper.Code

	withDoubt := func(container reaper.Container, codes ...reaper.Code) reaper.Container {
		for _, code := range codes {
			container.Doubts = append(container.Doubts, reaper.Reason{Code: code, Detail: "for a reason"})
		}
		return container
	}
	specRead := func(container reaper.Container) reaper.Container {
		container.SpecRead = true
		return container
	}
	blind := func(container reaper.Container) reaper.Container {
		container.Blind = true
		return withDoubt(container, reaper.SourceUnreadable)
	}
	handled := func(handle string) reaper.Container {
		container := uses("v")
		container.Handle = handle
		return container
	}

	DescribeTable("says by its volumes what a container is",
		func(container reaper.Container, volumes onDisk, verdict reaper.Verdict, expected because) {
			judgement := reaper.Judge(container, disk(volumes...), now, reaper.DefaultPolicy())

			Expect(judgement.Verdict).To(Equal(verdict))
			Expect(codes(judgement.Reasons)).To(Equal(expected))
			for _, reason := range judgement.Reasons {
				Expect(reason.Detail).NotTo(BeEmpty())
				Expect(reason.Detail).NotTo(HaveSuffix("."))
			}
		},
		Entry("live: every volume is there",
			uses("v", "w"), onDisk{live("v"), live("w")}, reaper.Live, because{}),
		Entry("live: without a ttl.json nothing expires",
			uses("v"), onDisk{{Handle: "v", State: reaper.VolumeLive, ExpiresAt: now.Add(-time.Hour), TTL: ttl}}, reaper.Live, because{}),
		Entry("live: a ttl of 0 means never, however long past its expires_at",
			uses("v"), onDisk{expiring("v", 0, now.Add(-1000*time.Hour))}, reaper.Live, because{}),
		Entry("live: it expires later",
			uses("v"), onDisk{expiring("v", ttl, now.Add(time.Second))}, reaper.Live, because{}),
		Entry("live: what expires exactly now has not expired before now",
			uses("v"), onDisk{expiring("v", ttl, now)}, reaper.Live, because{}),
		Entry("live: a ttl of less than nothing is no expiry",
			uses("v"), onDisk{expiring("v", -ttl, now.Add(-time.Hour))}, reaper.Live, because{}),
		Entry("live: a ttl.json that tells no expires_at",
			uses("v"), onDisk{expiring("v", ttl, time.Time{})}, reaper.Live, because{}),
		Entry("live: a volume is being made",
			uses("v", "w"), onDisk{volume("v", reaper.VolumeInit), live("w")}, reaper.Live, because{}),
		Entry("live: what is being made has not expired",
			uses("v"), onDisk{{Handle: "v", State: reaper.VolumeInit, HasTTL: true, TTL: ttl, ExpiresAt: now.Add(-time.Hour)}}, reaper.Live, because{}),

		Entry("orphan: a volume is missing",
			uses("v", "w"), onDisk{live("v")}, reaper.Orphan, because{reaper.VolumeIsMissing}),
		Entry("orphan: a volume is only in dead",
			uses("v"), onDisk{volume("v", reaper.VolumeDead)}, reaper.Orphan, because{reaper.VolumeIsDead}),
		Entry("orphan: a volume expired a moment ago",
			uses("v"), onDisk{expiring("v", ttl, now.Add(-time.Nanosecond))}, reaper.Orphan, because{reaper.VolumeExpired}),
		Entry("orphan: every accusation is named",
			uses("v", "w", "x"), onDisk{expiring("v", ttl, now.Add(-time.Hour)), volume("w", reaper.VolumeDead)},
			reaper.Orphan, because{reaper.VolumeExpired, reaper.VolumeIsDead, reaper.VolumeIsMissing}),
		Entry("orphan: a mount is missing though the root is there",
			uses("mount", "root"), onDisk{live("root")}, reaper.Orphan, because{reaper.VolumeIsMissing}),
		Entry("orphan: a doubt about another volume does not save it",
			uses("v", "w"), onDisk{unreadable("v", enotdir)}, reaper.Orphan, because{reaper.VolumeIsMissing}),
		Entry("orphan: a ttl.json beside that can't be read does not save it",
			uses("v", "w"), onDisk{{Handle: "v", State: reaper.VolumeLive, TTLErr: cut}}, reaper.Orphan, because{reaper.VolumeIsMissing}),
		Entry("orphan: doubts about its sources do not save it",
			withDoubt(uses("v"), reaper.SourceUnreadable, reaper.PropertiesMalformed, reaper.VolumeHandleUnsafe), nil,
			reaper.Orphan, because{reaper.VolumeIsMissing}),

		Entry("unknown: no source says a thing",
			reaper.Container{Handle: "c-1"}, nil, reaper.Unknown, because{reaper.NoSource}),
		Entry("unknown: properties that name no volume are no spec",
			reaper.Container{Handle: "c-1", Properties: map[string]string{"user": "root"}}, nil, reaper.Unknown, because{reaper.NoSource}),
		Entry("unknown: a source can't be read",
			withDoubt(uses("v"), reaper.SourceUnreadable), onDisk{live("v")}, reaper.Unknown, because{reaper.SourceUnreadable}),
		Entry("unknown: a source can't be read, and none names a volume",
			withDoubt(specRead(reaper.Container{Handle: "c-1"}), reaper.SourceUnreadable), nil, reaper.Unknown, because{reaper.SourceUnreadable}),
		Entry("unknown: a source could not be asked that may know of more",
			blind(uses("v")), nil, reaper.Unknown, because{reaper.SourceUnreadable}),
		Entry("unknown: a source could not be asked, and the others say live",
			blind(uses("v")), onDisk{live("v")}, reaper.Unknown, because{reaper.SourceUnreadable}),
		Entry("unknown: its properties are malformed",
			withDoubt(uses("v"), reaper.PropertiesMalformed), onDisk{live("v")}, reaper.Unknown, because{reaper.PropertiesMalformed}),
		Entry("unknown: a volume handle is no file name",
			uses("../v", "v"), onDisk{live("v")}, reaper.Unknown, because{reaper.VolumeHandleUnsafe}),
		Entry("unknown: a volume can't be looked at for EIO",
			uses("v"), onDisk{unreadable("v", eio)}, reaper.Unknown, because{reaper.VolumeUnreadable}),
		Entry("unknown: a volume can't be looked at for EACCES",
			uses("v"), onDisk{unreadable("v", eacces)}, reaper.Unknown, because{reaper.VolumeUnreadable}),
		Entry("unknown: a file lies where the volume should",
			uses("v"), onDisk{unreadable("v", enotdir)}, reaper.Unknown, because{reaper.VolumeUnreadable}),
		Entry("unknown: a state that nobody told",
			uses("v"), onDisk{{Handle: "v"}}, reaper.Unknown, because{reaper.VolumeUnreadable}),
		Entry("unknown: a ttl.json can't be understood, whatever it seems to say",
			uses("v"), onDisk{{Handle: "v", State: reaper.VolumeLive, HasTTL: true, TTL: ttl, ExpiresAt: now.Add(-time.Hour), TTLErr: cut}},
			reaper.Unknown, because{reaper.TTLUnreadable}),
		Entry("unknown: a volume lies outside of the volumes directory",
			withDoubt(uses("v"), reaper.OtherVolumesDir), onDisk{live("v")}, reaper.Unknown, because{reaper.OtherVolumesDir}),
		Entry("unknown: outside of the volumes directory, so that one missing from it proves nothing",
			withDoubt(uses("v"), reaper.OtherVolumesDir), nil, reaper.Unknown, because{reaper.OtherVolumesDir}),
		Entry("unknown: outside of the volumes directory, though one in it is dead, one has expired",
			withDoubt(uses("v", "w"), reaper.SourceUnreadable, reaper.OtherVolumesDir),
			onDisk{volume("v", reaper.VolumeDead), expiring("w", ttl, now.Add(-time.Hour))},
			reaper.Unknown, because{reaper.SourceUnreadable, reaper.OtherVolumesDir}),
		Entry("unknown: its handle can't be sent to Garden, whatever is missing",
			handled("a?x"), nil, reaper.Unknown, because{reaper.HandleUnsafe}),
		Entry("unknown: an empty handle",
			handled(""), onDisk{live("v")}, reaper.Unknown, because{reaper.HandleUnsafe}),

		Entry("foreign: its spec was read, and nothing names a volume",
			specRead(reaper.Container{Handle: "c-1", Properties: map[string]string{}}), nil, reaper.Foreign, because{}),
	)

	It("names the volume of each reason", func() {
		judgement := reaper.Judge(uses("v", "w"), disk(live("w")), now, reaper.DefaultPolicy())
		Expect(judgement.Reasons).To(ConsistOf(HaveField("Volume", "v")))

		judgement = reaper.Judge(uses("v"), disk(unreadable("v", eio)), now, reaper.DefaultPolicy())
		Expect(judgement.Reasons).To(ConsistOf(HaveField("Volume", "v")))
		Expect(judgement.Reasons[0].Detail).To(ContainSubstring("input/output error"))
	})

	It("asks for the volumes that are referred to and no others: a parent is no reference", func() {
		var asked []string
		reaper.Judge(uses("child", "root"), func(handle string) reaper.Volume {
			asked = append(asked, handle)
			return live(handle)
		}, now, reaper.DefaultPolicy())

		Expect(asked).To(ConsistOf("child", "root"))
	})

	It("brings together what several sources say of a volume", func() {
		container := uses("root")
		container.References = append(container.References,
			reaper.Reference{Volume: "get", Source: reaper.SourceProperties},
			reaper.Reference{Volume: "root", Path: "/", Root: true, Source: reaper.SourceBundle},
			reaper.Reference{Volume: "get", Path: "/tmp/build/get", Source: reaper.SourceBundle},
			reaper.Reference{Volume: "root", Path: "/mnt", Source: reaper.SourceContainerd},
			reaper.Reference{Volume: "get", Path: "/elsewhere", Source: reaper.SourceContainerd},
			reaper.Reference{Volume: "get", Path: "/twice", Source: reaper.SourceContainerd},
		)

		judgement := reaper.Judge(container, disk(live("root"), live("get")), now, reaper.DefaultPolicy())
		all := []reaper.Source{reaper.SourceProperties, reaper.SourceBundle, reaper.SourceContainerd}
		Expect(judgement.Volumes).To(Equal([]reaper.ReferencedVolume{
			{Volume: live("root"), Path: "/", Root: true, Sources: all},
			{Volume: live("get"), Path: "/tmp/build/get", Sources: all},
		}))
	})

	It("leaves the container's doubts as they are", func() {
		doubts := make([]reaper.Reason, 1, 8)
		doubts[0] = reaper.Reason{Code: reaper.SourceUnreadable}
		container := uses("v")
		container.Doubts = doubts

		first := reaper.Judge(container, disk(unreadable("v", eio)), now, reaper.DefaultPolicy())
		second := reaper.Judge(container, disk(reaper.Volume{Handle: "v", State: reaper.VolumeLive, TTLErr: cut}), now, reaper.DefaultPolicy())
		Expect(codes(first.Reasons)).To(Equal(because{reaper.SourceUnreadable, reaper.VolumeUnreadable}))
		Expect(codes(second.Reasons)).To(Equal(because{reaper.SourceUnreadable, reaper.TTLUnreadable}))
	})

	Context("when a ttl of 0 is to be read as an expiry", func() {
		policy := reaper.DefaultPolicy()
		policy.ZeroTTLExpires = true

		DescribeTable("goes by expires_at",
			func(volume reaper.Volume, verdict reaper.Verdict) {
				Expect(reaper.Judge(uses("v"), disk(volume), now, policy).Verdict).To(Equal(verdict))
			},
			Entry("past", expiring("v", 0, now.Add(-time.Second)), reaper.Orphan),
			Entry("exactly now", expiring("v", 0, now), reaper.Live),
			Entry("to come", expiring("v", 0, now.Add(time.Second)), reaper.Live),
			Entry("without a ttl.json", live("v"), reaper.Live),
			Entry("not understood", reaper.Volume{Handle: "v", State: reaper.VolumeLive, TTLErr: cut}, reaper.Unknown),
		)
	})
})

var _ = DescribeTable("SafeHandle tells whether a handle reaches Garden unchanged",
	func(handle string, safe bool) { Expect(reaper.SafeHandle(handle)).To(Equal(safe)) },
	Entry("a UUID", "eb8f2bbf-86e1-4603-4881-548c9133aa62", true),
	Entry("dots and underscores", "A.b_c-9", true),
	Entry("nothing", "", false),
	Entry("a query", "a?x", false),
	Entry("a comma, which splits bulk_info's list", "a,b", false),
	Entry("a slash", "a/b", false),
	Entry("an escape", "a%2fb", false),
	Entry("a fragment", "a#b", false),
	Entry("a space", "a b", false),
	Entry("the directory above", "..", false),
	Entry("a leading dash", "-a", false),
	Entry("a leading dot", ".a", false),
	Entry("a leading underscore", "_a", false),
	Entry("the first of each kind", "0.aA_-", true),
	Entry("the last of each kind", "9zZ", true),
	Entry("a line end", "a\n", false),
	Entry("a letter of no ASCII", "ä", false),
)

var _ = DescribeTable("SafeVolumeHandle tells whether a volume handle may be joined to a path",
	func(handle string, safe bool) { Expect(reaper.SafeVolumeHandle(handle)).To(Equal(safe)) },
	Entry("a UUID", "88914c83-fc71-4358-4f3f-b886429f9013", true),
	Entry("a hidden name", ".v", true),
	Entry("nothing", "", false),
	Entry("this directory", ".", false),
	Entry("the directory above", "..", false),
	Entry("two dots within", "a..b", false),
	Entry("a slash", "a/b", false),
	Entry("NUL", "a\x00b", false),
	Entry("one dot within", "a.b", true),
	Entry("letters of another alphabet", "größe", true),
	Entry("a slash behind one", "ö/a", false),
	Entry("two dots behind one", "ö..", false),
	Entry("what JSON can't carry", "a\xff", false),
	Entry("what JSON puts in its place", "a\uFFFD", false),
)
