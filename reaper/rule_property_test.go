package reaper_test

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/reaper"
)

// hours is a moment around now, now itself often among them.
var hours = rapid.Custom(func(t *rapid.T) time.Time {
	return now.Add(time.Duration(rapid.IntRange(-48, 48).Draw(t, "hours")) * time.Hour)
})

// maybeHours is such a moment, or none.
var maybeHours = rapid.OneOf(rapid.Just(time.Time{}), hours)

var aTTL = rapid.SampledFrom([]time.Duration{0, 0, time.Nanosecond, 5 * time.Minute, -time.Minute})

// anyVolume is a volume in any state, sense and nonsense.
func anyVolume(t *rapid.T, handle string) reaper.Volume {
	volume := reaper.Volume{
		Handle: handle,
		State: rapid.SampledFrom([]reaper.VolumeState{reaper.VolumeLive, reaper.VolumeLive, reaper.VolumeLive,
			reaper.VolumeInit, reaper.VolumeDead, reaper.VolumeMissing, reaper.VolumeUnknown, "", "elsewhere"}).Draw(t, "state of "+handle),
		HasTTL:    rapid.Bool().Draw(t, "has ttl"),
		TTL:       aTTL.Draw(t, "ttl"),
		ExpiresAt: maybeHours.Draw(t, "expires at"),
	}
	if rapid.IntRange(0, 4).Draw(t, "ttl spoilt") == 0 {
		volume.TTLErr = errors.New("unexpected end of JSON input")
	}
	if volume.State == reaper.VolumeUnknown {
		volume.Err = rapid.SampledFrom([]error{syscall.EIO, syscall.EACCES, syscall.ENOTDIR, nil}).Draw(t, "error")
	}
	return volume
}

// soundVolume is a live volume that baggageclaim means to keep.
func soundVolume(t *rapid.T, handle string) reaper.Volume {
	volume := live(handle)
	switch rapid.IntRange(0, 2).Draw(t, "ttl of "+handle) {
	case 1:
		volume = expiring(handle, 0, hours.Draw(t, "written at"))
	case 2:
		later := time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "expires in"))
		volume = expiring(handle, 5*time.Minute, now.Add(later))
	}
	return volume
}

var doubtCodes = []reaper.Code{reaper.SourceUnreadable, reaper.PropertiesMalformed, reaper.VolumeHandleUnsafe, reaper.OtherVolumesDir}

func anyDoubts(t *rapid.T, codes ...reaper.Code) []reaper.Reason {
	var doubts []reaper.Reason
	for _, code := range rapid.SliceOfN(rapid.SampledFrom(codes), 0, 2).Draw(t, "doubts") {
		doubts = append(doubts, reaper.Reason{Code: code})
	}
	return doubts
}

// anyContainer is a container that refers to some of six volumes.
func anyContainer(t *rapid.T) reaper.Container {
	container := reaper.Container{
		Handle:    rapid.SampledFrom([]string{"c-1", "c-1", "c-1", "d-1", "a?x"}).Draw(t, "handle"),
		CreatedAt: maybeHours.Draw(t, "created at"),
		SpecRead:  rapid.Bool().Draw(t, "spec read"),
		Blind:     rapid.IntRange(0, 4).Draw(t, "blind") == 4,
		Doubts:    anyDoubts(t, doubtCodes[:rapid.IntRange(1, len(doubtCodes)).Draw(t, "kinds of doubt")]...),
		Properties: rapid.SampledFrom([]map[string]string{
			nil, {}, {"team": "main"}, {"team": "other"}}).Draw(t, "properties"),
	}
	for range rapid.IntRange(0, 4).Draw(t, "references") {
		container.References = append(container.References, reaper.Reference{
			Volume: fmt.Sprintf("v-%d", rapid.IntRange(0, 5).Draw(t, "volume")),
			Root:   rapid.Bool().Draw(t, "root"),
			Source: rapid.SampledFrom([]reaper.Source{reaper.SourceProperties, reaper.SourceBundle, reaper.SourceContainerd}).Draw(t, "source"),
		})
	}
	return container
}

func anyDisk(t *rapid.T, draw func(*rapid.T, string) reaper.Volume) []reaper.Volume {
	volumes := make([]reaper.Volume, 6)
	for i := range volumes {
		volumes[i] = draw(t, fmt.Sprintf("v-%d", i))
	}
	return volumes
}

var _ = Describe("Judge, of any container and any disk", func() {
	judge := func(container reaper.Container, volumes []reaper.Volume) reaper.Judgement {
		return reaper.Judge(container, disk(volumes...), now, reaper.DefaultPolicy())
	}

	It("takes no container for an orphan whose volumes are all there and kept", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			judgement := judge(anyContainer(t), anyDisk(t, soundVolume))
			NewWithT(t).Expect(judgement.Verdict).NotTo(Equal(reaper.Orphan))
		})
	})

	It("takes for an orphan what has a volume missing, dead or expired, and nothing else", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			container, volumes := anyContainer(t), anyDisk(t, anyVolume)

			accused := false
			for _, reference := range container.References {
				v := disk(volumes...)(reference.Volume)
				expired := v.State == reaper.VolumeLive && v.HasTTL && v.TTL > 0 && v.TTLErr == nil &&
					v.ExpiresAt != (time.Time{}) && now.Sub(v.ExpiresAt) > 0
				accused = accused || v.State == reaper.VolumeMissing || v.State == reaper.VolumeDead || expired
			}
			judgeable := container.Handle != "a?x" && !container.Blind && !slices.Contains(codes(container.Doubts), reaper.OtherVolumesDir)

			judgement := judge(container, volumes)
			NewWithT(t).Expect(judgement.Verdict == reaper.Orphan).To(Equal(accused && judgeable))
		})
	})

	It("makes no orphan of anything by failing to read", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			container, volumes := anyContainer(t), anyDisk(t, anyVolume)
			if judge(container, volumes).Verdict == reaper.Orphan {
				return
			}

			container.Doubts = append(container.Doubts, anyDoubts(t, doubtCodes...)...)
			container.SpecRead = container.SpecRead && rapid.Bool().Draw(t, "spec still read")
			container.Blind = container.Blind || rapid.Bool().Draw(t, "one more source blind")
			for i := range volumes {
				switch rapid.IntRange(0, 3).Draw(t, "blinded") {
				case 1:
					volumes[i] = unreadable(volumes[i].Handle, syscall.EACCES)
				case 2:
					volumes[i].TTLErr = errors.New("unexpected end of JSON input")
				case 3:
					volumes[i].State = "nonsense"
				}
			}
			NewWithT(t).Expect(judge(container, volumes).Verdict).NotTo(Equal(reaper.Orphan))
		})
	})

	It("makes no orphan of anything by a source's saying less", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			container, volumes := anyContainer(t), anyDisk(t, anyVolume)
			if judge(container, volumes).Verdict == reaper.Orphan {
				return
			}
			if n := len(container.References); n > 0 {
				container.References = container.References[:rapid.IntRange(0, n).Draw(t, "references left")]
			}
			NewWithT(t).Expect(judge(container, volumes).Verdict).NotTo(Equal(reaper.Orphan))
		})
	})

	It("says the same each time, with a reason where there is need of one", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			container, volumes := anyContainer(t), anyDisk(t, anyVolume)
			judgement := judge(container, volumes)

			g.Expect(judge(container, volumes)).To(Equal(judgement))
			g.Expect(reaper.Verdicts).To(ContainElement(judgement.Verdict))
			// A blind source comes with its doubt.
			if container.Blind {
				return
			}
			g.Expect(len(judgement.Reasons) > 0).To(Equal(judgement.Verdict == reaper.Orphan || judgement.Verdict == reaper.Unknown))
		})
	})
})
