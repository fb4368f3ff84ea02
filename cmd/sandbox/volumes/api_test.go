package volumes_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/faults"
	"weeder/cmd/sandbox/volumes"
)

var _ = Describe("Handler", func() {
	var (
		dir     volumes.Dir
		set     *faults.Set
		handler http.Handler
	)

	BeforeEach(func() {
		dir = volumes.Dir(GinkgoT().TempDir())
		Expect(dir.Make()).To(Succeed())
		set = faults.New(volumes.Kinds...)
		handler = volumes.Handler(dir, set)
	})

	get := func(path string) (int, string) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
		return recorder.Code, recorder.Body.String()
	}
	put := func(volume volumes.Volume) {
		GinkgoHelper()
		Expect(dir.Put(volume)).To(Succeed())
	}
	// as is a recorded reply with the volumes directory of the recording replaced.
	as := func(path, there string) string {
		GinkgoHelper()
		content, err := os.ReadFile(filepath.Join("testdata", path))
		Expect(err).NotTo(HaveOccurred())
		return strings.ReplaceAll(string(content), there, string(dir))
	}

	It("lists volumes with TTLs as 1.3.5 does", func() {
		put(volumes.Volume{Handle: "88914c83-fc71-4358-4f3f-b886429f9013", Privileged: true,
			Properties: map[string]string{"initialized": "yep", "resource-type": "docker-image"},
			TTL:        &volumes.TTL{Raw: "{\"ttl\":0,\"expires_at\":1795211917}\n}\n"}})
		put(volumes.Volume{Handle: "cow-child", Privileged: true, Properties: map[string]string{"k": "v"},
			Parent: "88914c83-fc71-4358-4f3f-b886429f9013", TTL: volumes.Until(time.Unix(1795214916, 0), 3000)})
		put(volumes.Volume{Handle: "v-1", Privileged: true, Properties: map[string]string{"initialized": "yep"},
			TTL: volumes.Until(time.Unix(1795247175, 0), 36000)})

		status, body := get("/volumes")
		Expect(status).To(Equal(200))
		Expect(body).To(MatchJSON(as("baggageclaim-1.3.5/http-volumes.json", "/var/vcap/data/baggageclaim/volumes")))
	})

	It("lists volumes without TTLs as 1.10.0 does", func() {
		put(volumes.Volume{Handle: "m-root", Privileged: true})
		put(volumes.Volume{Handle: "m-cow", Privileged: true, Parent: "m-root"})

		status, body := get("/volumes")
		Expect(status).To(Equal(200))
		Expect(body).To(MatchJSON(as("baggageclaim-1.10.0/http-volumes.json", "/worker-state/volumes")))
	})

	It("lists an empty directory as an empty list", func() {
		status, body := get("/volumes")
		Expect(status).To(Equal(200))
		Expect(body).To(MatchJSON(`[]`))
	})

	It("lists by properties", func() {
		put(volumes.Volume{Handle: "v-1", Properties: map[string]string{"k": "v"}})
		put(volumes.Volume{Handle: "v-2", Properties: map[string]string{"k": "w"}})
		_, body := get("/volumes?k=w")
		Expect(body).To(And(ContainSubstring("v-2"), Not(ContainSubstring("v-1"))))
	})

	It("leaves out of the list what it can't read", func() {
		put(volumes.Volume{Handle: "v-1"})
		put(volumes.Volume{Handle: "torn", TTL: &volumes.TTL{Raw: "{"}})
		_, body := get("/volumes")
		Expect(body).To(And(ContainSubstring("v-1"), Not(ContainSubstring("torn"))))
		status, _ := get("/volumes/torn")
		Expect(status).To(Equal(500))
	})

	It("gets a live volume, and no other", func() {
		put(volumes.Volume{Handle: "v-1", Privileged: true})
		put(volumes.Volume{Handle: "gone", State: volumes.Dead})
		status, body := get("/volumes/v-1")
		Expect(status).To(Equal(200))

		var volume map[string]any
		Expect(json.Unmarshal([]byte(body), &volume)).To(Succeed())
		Expect(volume).To(Equal(map[string]any{
			"handle": "v-1", "path": dir.Data("v-1"), "properties": map[string]any{}, "privileged": true,
		}))

		for _, handle := range []string{"gone", "nope"} {
			status, body = get("/volumes/" + handle)
			Expect(status).To(Equal(404))
			Expect(body).To(MatchJSON(`{"error":"failed to get volume"}`))
		}
	})

	It("fails with baggageclaim-fails", func() {
		put(volumes.Volume{Handle: "v-1"})
		Expect(set.On("baggageclaim-fails", faults.Fault{})).To(Succeed())
		status, _ := get("/volumes")
		Expect(status).To(Equal(500))
		status, _ = get("/volumes/v-1")
		Expect(status).To(Equal(500))
	})

	It("hangs with baggageclaim-hangs", func() {
		Expect(set.On("baggageclaim-hangs", faults.Fault{Handles: []string{"v-1"}})).To(Succeed())
		status, _ := get("/volumes")
		Expect(status).To(Equal(200))

		answered := make(chan int, 1)
		go func() {
			status, _ := get("/volumes/v-1")
			answered <- status
		}()
		Eventually(func() int { return set.States()["baggageclaim-hangs"].Holding }).Should(Equal(1))
		Expect(answered).NotTo(Receive())
		Expect(set.Off("baggageclaim-hangs")).To(Succeed())
		Eventually(answered).Should(Receive(Equal(404)))
	})

	It("knows what the disk lacks with baggageclaim-remembers", func() {
		Expect(set.On("baggageclaim-remembers", faults.Fault{Handles: []string{"v-1"}})).To(Succeed())
		status, body := get("/volumes/v-1")
		Expect(status).To(Equal(200))
		Expect(body).To(ContainSubstring(dir.Data("v-1")))
		status, _ = get("/volumes/v-2")
		Expect(status).To(Equal(404))
	})
})
