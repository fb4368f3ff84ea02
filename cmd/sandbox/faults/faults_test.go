package faults_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/faults"
)

var _ = Describe("Set", func() {
	var set *faults.Set

	BeforeEach(func() {
		set = faults.New(
			faults.Kind{Name: "fails", Help: "it fails"},
			faults.Kind{Name: "fails-once", OncePerHandle: true},
			faults.Kind{Name: "hangs"},
		)
	})

	hold := func(handles ...string) chan error {
		held := make(chan error, 1)
		go func() { held <- set.Hold("hangs", handles...) }()
		return held
	}

	It("strikes nothing at first", func() {
		Expect(set.Strike("fails", "a").Struck()).To(BeFalse())
		Expect(set.Hold("hangs")).To(Succeed())
		Expect(set.States()).To(HaveKeyWithValue("fails", faults.State{Help: "it fails"}))
	})

	It("strikes whole calls, until it is off", func() {
		Expect(set.On("fails", faults.Fault{})).To(Succeed())
		Expect(set.Strike("fails").Every).To(BeTrue())
		Expect(set.Strike("fails", "a").At("a")).To(BeTrue())
		Expect(set.States()["fails"].Hits).To(Equal(2))

		Expect(set.Off("fails")).To(Succeed())
		Expect(set.Strike("fails", "a").Struck()).To(BeFalse())
	})

	It("strikes only the handles it is limited to", func() {
		Expect(set.On("fails", faults.Fault{Handles: []string{"a", "c"}})).To(Succeed())

		strike := set.Strike("fails", "a", "b")
		Expect(strike.Every).To(BeFalse())
		Expect(strike.At("a")).To(BeTrue())
		Expect(strike.At("b")).To(BeFalse())
		Expect(set.Strike("fails", "b").Struck()).To(BeFalse())
		Expect(set.Strike("fails").Struck()).To(BeFalse())
	})

	It("is spent after so many times", func() {
		Expect(set.On("fails", faults.Fault{Times: 2})).To(Succeed())
		Expect(set.Strike("fails").Struck()).To(BeTrue())
		Expect(*set.States()["fails"].TimesLeft).To(Equal(1))
		Expect(set.Strike("fails").Struck()).To(BeTrue())
		Expect(set.Strike("fails").Struck()).To(BeFalse())
	})

	It("strikes each handle once where it is of that kind, and again when switched on anew", func() {
		for range 2 {
			Expect(set.On("fails-once", faults.Fault{})).To(Succeed())
			Expect(set.Strike("fails-once", "a").Struck()).To(BeTrue())
			Expect(set.Strike("fails-once", "a").Struck()).To(BeFalse())
			Expect(set.Strike("fails-once", "b").Struck()).To(BeTrue())
		}
	})

	It("holds calls until it is off", func() {
		Expect(set.On("hangs", faults.Fault{Handles: []string{"a"}})).To(Succeed())
		held := hold("a")
		Eventually(func() int { return set.States()["hangs"].Holding }).Should(Equal(1))
		Expect(set.Hold("hangs", "b")).To(Succeed())
		Expect(held).NotTo(Receive())

		Expect(set.Off("hangs")).To(Succeed())
		Eventually(held).Should(Receive(BeNil()))
		Eventually(func() int { return set.States()["hangs"].Holding }).Should(BeZero())
	})

	It("goes on holding what it has when it is spent", func() {
		Expect(set.On("hangs", faults.Fault{Times: 1})).To(Succeed())
		held := hold("a")
		Eventually(func() int { return set.States()["hangs"].Holding }).Should(Equal(1))
		Expect(set.Hold("hangs", "a")).To(Succeed())
		Expect(held).NotTo(Receive())

		Expect(set.Off("hangs")).To(Succeed())
		Eventually(held).Should(Receive(BeNil()))
	})

	It("lets go of every call when it stops, and holds none after", func() {
		Expect(set.On("hangs", faults.Fault{})).To(Succeed())
		held := hold("a")
		Eventually(func() int { return set.States()["hangs"].Holding }).Should(Equal(1))

		set.Stop()
		Eventually(held).Should(Receive(MatchError(faults.ErrStopping)))
		Expect(set.Hold("hangs")).To(MatchError(faults.ErrStopping))
		set.Stop()
	})

	It("knows only its own faults", func() {
		Expect(set.On("nope", faults.Fault{})).To(MatchError(faults.ErrUnknown))
		Expect(set.Off("nope")).To(MatchError(faults.ErrUnknown))
	})
})
