package control_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/lager/v3/lagertest"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/control"
	"weeder/cmd/sandbox/faults"
	"weeder/cmd/sandbox/volumes"
)

var _ = Describe("Handler", func() {
	var (
		api   *httptest.Server
		gdn   garden.Client
		dir   volumes.Dir
		depot string
		clock *fakeclock.FakeClock
	)

	BeforeEach(func() {
		dir, depot = volumes.Dir(GinkgoT().TempDir()), GinkgoT().TempDir()
		Expect(dir.Make()).To(Succeed())
		clock = fakeclock.NewFakeClock(time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC))

		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		address := listener.Addr()
		inMemory := backend.New(backend.Options{Depot: depot, Files: GinkgoT().TempDir(), Clock: clock})
		server, err := backend.Serve(inMemory, listener, lagertest.NewTestLogger("garden"))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(server.Stop)
		gdn = client.New(connection.New(address.Network(), address.String()))

		api = httptest.NewServer(control.Handler(control.Sandbox{
			Backend: inMemory, Server: server, Volumes: dir, Baggageclaim: faults.New(volumes.Kinds...), Clock: clock,
		}))
		DeferCleanup(api.Close)
	})

	call := func(method, path, body string) (int, string) {
		GinkgoHelper()
		request, err := http.NewRequest(method, api.URL+path, strings.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		response, err := api.Client().Do(request)
		Expect(err).NotTo(HaveOccurred())
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		Expect(err).NotTo(HaveOccurred())
		return response.StatusCode, string(answer)
	}
	do := func(method, path, body string) string {
		GinkgoHelper()
		status, answer := call(method, path, body)
		Expect(status).To(Equal(200), answer)
		return answer
	}
	list := func() []string {
		GinkgoHelper()
		containers, err := gdn.Containers(nil)
		Expect(err).NotTo(HaveOccurred())
		handles := []string{}
		for _, container := range containers {
			handles = append(handles, container.Handle())
		}
		return handles
	}
	info := func(handle string) garden.ContainerInfoEntry {
		GinkgoHelper()
		entries, err := gdn.BulkInfo([]string{handle})
		Expect(err).NotTo(HaveOccurred())
		return entries[handle]
	}
	metrics := func(handle string) garden.Metrics {
		GinkgoHelper()
		entries, err := gdn.BulkMetrics([]string{handle})
		Expect(err).NotTo(HaveOccurred())
		return entries[handle].Metrics
	}
	config := func(handle string) string {
		GinkgoHelper()
		content, err := os.ReadFile(filepath.Join(depot, handle, "config.json"))
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}

	Describe("faults", func() {
		It("are all told, with what they do", func() {
			var states map[string]faults.State
			Expect(json.Unmarshal([]byte(do("GET", "/faults", "")), &states)).To(Succeed())
			Expect(states).To(HaveLen(len(control.Kinds)))
			for _, kind := range control.Kinds {
				Expect(states[kind.Name].On).To(BeFalse())
				Expect(states[kind.Name].Help).NotTo(BeEmpty())
			}
		})

		It("are switched on and off", func() {
			do("POST", "/containers", `{"handle": "c-1"}`)
			do("PUT", "/faults/list-empty", "")
			Expect(list()).To(BeEmpty())
			do("DELETE", "/faults/list-empty", "")
			Expect(list()).To(Equal([]string{"c-1"}))
		})

		It("are limited to handles and times", func() {
			do("POST", "/containers", `{"handle": "c-1"}`)
			do("POST", "/containers", `{"handle": "c-2"}`)
			do("PUT", "/faults/destroy-fails", `{"handles": ["c-1"], "times": 1}`)
			Expect(gdn.Destroy("c-2")).To(Succeed())
			Expect(gdn.Destroy("c-1")).NotTo(Succeed())
			Expect(gdn.Destroy("c-1")).To(Succeed())
		})

		It("are those of baggageclaim too", func() {
			do("PUT", "/faults/baggageclaim-fails", "")
			Expect(do("GET", "/faults", "")).To(MatchRegexp(`"baggageclaim-fails": \{\s+"on": true`))
			do("DELETE", "/faults/baggageclaim-fails", "")
			Expect(do("GET", "/faults", "")).NotTo(ContainSubstring(`"on": true`))
		})

		It("are no others", func() {
			status, answer := call("PUT", "/faults/nope", "")
			Expect(status).To(Equal(404))
			Expect(answer).To(MatchJSON(`{"error": "no such fault: nope"}`))
		})
	})

	It("tells calls and what was destroyed, and forgets", func() {
		do("POST", "/containers", `{"handle": "c-1"}`)
		do("POST", "/containers", `{"handle": "c-2"}`)
		info("c-1")
		Expect(gdn.Destroy("c-2")).To(Succeed())
		Expect(gdn.Destroy("c-1")).To(Succeed())

		Expect(do("GET", "/calls", "")).To(MatchJSON(`{"counts": {"bulk-info": 1, "destroy": 2},
			"handles": {"bulk-info": {"c-1": 1}, "destroy": {"c-1": 1, "c-2": 1}}}`))
		Expect(do("GET", "/destroyed", "")).To(MatchJSON(`["c-2", "c-1"]`))
		do("DELETE", "/calls", "")
		do("DELETE", "/destroyed", "")
		Expect(do("GET", "/calls", "")).To(MatchJSON(`{"counts": {}, "handles": {}}`))
		Expect(do("GET", "/destroyed", "")).To(MatchJSON(`[]`))
	})

	Describe("containers", func() {
		It("are made as told", func() {
			do("POST", "/containers", `{"handle": "c-1", "properties": {"k": "v"}, "root_volume": "r",
				"volumes": {"w": "/tmp/build/get"}, "binds": [{"source": "/s", "destination": "/d", "read_only": true}],
				"env": ["BUILD_NAME=42"], "age": "3h", "grace_time": "5m", "processes": 2}`)

			entry := info("c-1")
			Expect(entry.Info.Properties).To(And(HaveKeyWithValue("k", "v"), HaveKeyWithValue("garden.grace-time", "300000000000")))
			Expect(config("c-1")).To(And(
				ContainSubstring(fmt.Sprintf(`"root":{"path":%q}`, dir.Data("r"))),
				ContainSubstring(fmt.Sprintf(`{"destination":"/tmp/build/get","type":"bind","source":%q,"options":["bind","rw"]}`, dir.Data("w"))),
				ContainSubstring(`{"destination":"/d","type":"bind","source":"/s","options":["bind","ro"]}`),
				ContainSubstring(`"process":{"env":["BUILD_NAME=42"],`),
			))
			Expect(metrics("c-1").Age).To(Equal(3 * time.Hour))
			Expect(metrics("c-1").PidStat.Current).To(BeEquivalentTo(3))
		})

		It("get another environment, and tell it", func() {
			do("POST", "/containers", `{"handle": "c-1", "root_volume": "r", "env": ["A=1"]}`)
			do("PATCH", "/containers/c-1", `{"age": "1h"}`)
			Expect(config("c-1")).To(ContainSubstring(`"env":["A=1"]`))
			do("PATCH", "/containers/c-1", `{"env": ["A=2"]}`)
			Expect(config("c-1")).To(ContainSubstring(`"env":["A=2"]`))
			Expect(do("GET", "/containers", "")).To(MatchRegexp(`"env": \[\s+"A=2"\s+\]`))
		})

		DescribeTable("are made in every state",
			func(body string, listed, known, bundle bool) {
				do("POST", "/containers", body)
				Expect(list()).To(HaveLen(map[bool]int{true: 1}[listed]))
				Expect(info("c-1").Err == nil).To(Equal(known))
				_, err := os.Stat(filepath.Join(depot, "c-1", "config.json"))
				Expect(err == nil).To(Equal(bundle))
				Expect(do("GET", "/containers", "")).To(ContainSubstring(`"handle": "c-1"`))

				do("DELETE", "/containers/c-1", "")
				Expect(do("GET", "/containers", "")).To(MatchJSON(`[]`))
				Expect(filepath.Join(depot, "c-1")).NotTo(BeAnExistingFile())
			},
			Entry("created", `{"handle": "c-1"}`, true, true, true),
			Entry("half-created", `{"handle": "c-1", "hidden": true}`, false, true, true),
			Entry("zombie", `{"handle": "c-1", "zombie": true}`, true, false, true),
			Entry("half-created zombie", `{"handle": "c-1", "zombie": true, "hidden": true}`, false, false, true),
			Entry("only in the depot", `{"handle": "c-1", "depot_only": true}`, false, false, true),
			Entry("without a bundle", `{"handle": "c-1", "no_bundle": true}`, true, true, false),
		)

		It("are made with any path and any config.json", func() {
			do("POST", "/containers", `{"handle": "c-1", "root_path": "/elsewhere/live/v/volume"}`)
			Expect(config("c-1")).To(ContainSubstring(`"root":{"path":"/elsewhere/live/v/volume"}`))
			do("POST", "/containers", `{"handle": "c-2", "bad_config": "{\"root\":"}`)
			Expect(config("c-2")).To(Equal(`{"root":`))
		})

		It("have a grace time that Garden counts, but without a timer", func() {
			do("POST", "/containers", `{"handle": "c-1", "grace_time": 0.3}`)
			do("POST", "/containers", `{"handle": "c-2", "grace_time": 0.3, "no_timer": true}`)
			Eventually(list).Should(Equal([]string{"c-2"}))
			Expect(do("GET", "/destroyed", "")).To(MatchJSON(`["c-1"]`))
		})

		It("are changed where told, and stay as they are otherwise", func() {
			do("POST", "/containers", `{"handle": "c-1", "properties": {"k": "v", "l": "w"}, "root_volume": "r", "processes": 1}`)
			do("PATCH", "/containers/c-1", `{"properties": {"k": null, "m": "x"}, "created_at": "2026-11-20T22:00:00Z"}`)

			Expect(info("c-1").Info.Properties).To(And(Not(HaveKey("k")), HaveKeyWithValue("l", "w"), HaveKeyWithValue("m", "x")))
			Expect(config("c-1")).To(ContainSubstring(dir.Data("r")))
			Expect(metrics("c-1").Age).To(Equal(time.Hour))
			Expect(metrics("c-1").PidStat.Current).To(BeEquivalentTo(2))

			do("PATCH", "/containers/c-1", `{"hidden": true, "root_volume": "s", "processes": 0}`)
			Expect(list()).To(BeEmpty())
			Expect(config("c-1")).To(ContainSubstring(dir.Data("s")))
			Expect(metrics("c-1").PidStat.Current).To(BeEquivalentTo(1))
		})

		It("are told as they are", func() {
			do("POST", "/containers", `{"handle": "c-1", "root_path": "/r", "age": "1h", "hidden": true, "bad_config": "x"}`)
			var told []control.Container
			Expect(json.Unmarshal([]byte(do("GET", "/containers", "")), &told)).To(Succeed())
			Expect(told).To(HaveLen(1))
			Expect(told[0].RootPath).To(Equal("/r"))
			Expect(*told[0].Hidden).To(BeTrue())
			Expect(*told[0].Zombie).To(BeFalse())
			Expect(time.Duration(*told[0].Age)).To(Equal(time.Hour))
			Expect(*told[0].BadConfig).To(Equal("x"))
		})

		It("are told with what clients have asked for", func() {
			container, err := gdn.Create(garden.ContainerSpec{
				Handle: "c-1", GraceTime: time.Minute, Env: []string{"A=b"}, Privileged: true, Network: "10.1.0.0/24",
				Image:      garden.ImageRef{URI: "docker:///busybox", Username: "u", Password: "p"},
				BindMounts: []garden.BindMount{{SrcPath: "/a", DstPath: "/b"}},
			})
			Expect(err).NotTo(HaveOccurred())
			_, _, err = container.NetIn(0, 80)
			Expect(err).NotTo(HaveOccurred())
			Expect(container.NetOut(garden.NetOutRule{Protocol: garden.ProtocolUDP, Ports: []garden.PortRange{{Start: 1, End: 2}}})).To(Succeed())
			_, err = container.Run(garden.ProcessSpec{Path: "/nope", Args: []string{"a"}, User: "root"}, garden.ProcessIO{})
			Expect(err).To(HaveOccurred())

			var told []control.Told
			Expect(json.Unmarshal([]byte(do("GET", "/containers", "")), &told)).To(Succeed())
			Expect(told).To(HaveLen(1))
			Expect(time.Duration(*told[0].GraceTime)).To(Equal(time.Minute))
			Expect(told[0].Binds).To(Equal([]backend.Bind{{Source: "/a", Destination: "/b", ReadOnly: true, Origin: "Host"}}))
			told[0].Container = control.Container{}
			Expect(told[0]).To(Equal(control.Told{
				Env: []string{"A=b"}, Image: "docker:///busybox", Username: "u", Password: "p", Privileged: true, Network: "10.1.0.0/24",
				MappedPorts: []garden.PortMapping{{HostPort: 60000, ContainerPort: 80}},
				NetOut:      []garden.NetOutRule{{Protocol: garden.ProtocolUDP, Ports: []garden.PortRange{{Start: 1, End: 2}}}},
				Runs:        []garden.ProcessSpec{{Path: "/nope", Args: []string{"a"}, User: "root"}},
			}))
		})

		It("are told with empty lists where clients have asked for nothing", func() {
			do("POST", "/containers", `{"handle": "c-1"}`)
			Expect(do("GET", "/containers", "")).To(And(
				ContainSubstring(`"mapped_ports": []`), ContainSubstring(`"net_out": []`), ContainSubstring(`"runs": []`)))
		})

		It("may have handles that Garden's client can't send", func() {
			do("POST", "/containers", `{"handle": "a?x", "no_bundle": true}`)
			do("POST", "/containers", `{"handle": "a/b", "no_bundle": true}`)
			Expect(list()).To(Equal([]string{"a/b", "a?x"}))
			do("DELETE", "/containers/a%3Fx", "")
			do("DELETE", "/containers/a%2Fb", "")
			Expect(list()).To(BeEmpty())
		})

		DescribeTable("are refused",
			func(method, path, body string, status int, message string) {
				do("POST", "/containers", `{"handle": "c-1"}`)
				got, answer := call(method, path, body)
				Expect(got).To(Equal(status))
				Expect(answer).To(ContainSubstring(message))
				Expect(list()).To(Equal([]string{"c-1"}))
			},
			Entry("when the handle is taken", "POST", "/containers", `{"handle": "c-1"}`, 409, "already in use"),
			Entry("without a handle", "POST", "/containers", `{}`, 400, "needs a handle"),
			Entry("with a field that there is not", "POST", "/containers", `{"handle": "c-2", "root": "x"}`, 400, `unknown field \"root\"`),
			Entry("with an age that is none", "POST", "/containers", `{"handle": "c-2", "age": "old"}`, 400, "invalid duration"),
			Entry("with an age of no kind", "POST", "/containers", `{"handle": "c-2", "age": true}`, 400, "not a duration"),
			Entry("to be changed, when unknown", "PATCH", "/containers/nope", `{}`, 404, "no such container"),
			Entry("to be taken away, when unknown", "DELETE", "/containers/nope", "", 404, "unknown handle: nope"),
		)
	})

	It("writes volumes and takes them away", func() {
		do("PUT", "/volumes/v-1", `{"ttl": {"seconds": 300, "expires_at": 1477060154}, "properties": {"k": "v"}}`)
		Expect(os.ReadFile(filepath.Join(string(dir), "live", "v-1", "ttl.json"))).
			To(BeEquivalentTo("{\"ttl\":300,\"expires_at\":1477060154}\n"))
		do("PUT", "/volumes/v-1", `{"state": "dead"}`)
		Expect(filepath.Join(string(dir), "live", "v-1")).NotTo(BeAnExistingFile())
		do("DELETE", "/volumes/v-1", "")
		Expect(filepath.Join(string(dir), "dead", "v-1")).NotTo(BeAnExistingFile())

		status, _ := call("DELETE", "/volumes/v-1", "")
		Expect(status).To(Equal(404))
	})

	Describe("hooks", func() {
		BeforeEach(func() {
			do("POST", "/containers", `{"handle": "c-1", "properties": {"k": "v"}, "age": "3h"}`)
			do("POST", "/containers", `{"handle": "c-2"}`)
		})

		DescribeTable("act before a call is answered, once",
			func(hook string, check func()) {
				do("PUT", "/hooks/on-bulk-info-single", hook)
				info("c-2")
				Expect(do("GET", "/hooks", "")).To(ContainSubstring(`"fired": 0`))
				check()
				Expect(do("GET", "/hooks", "")).To(And(ContainSubstring(`"fired": 1`), Not(ContainSubstring("error"))))
				info("c-1")
				Expect(do("GET", "/hooks", "")).To(ContainSubstring(`"fired": 1`))
			},
			Entry("and delete", `{"handle": "c-1", "action": "delete"}`, func() {
				Expect(info("c-1").Err).To(MatchError("unknown handle: c-1"))
				Expect(do("GET", "/destroyed", "")).To(MatchJSON(`[]`))
			}),
			Entry("and patch", `{"handle": "c-1", "action": "patch", "patch": {"properties": {"k": "w"}}}`, func() {
				Expect(info("c-1").Info.Properties).To(HaveKeyWithValue("k", "w"))
			}),
			Entry("and recreate", `{"handle": "c-1", "action": "recreate", "patch": {"age": "1m"}}`, func() {
				Expect(info("c-1").Info.Properties).NotTo(HaveKey("k"))
				Expect(metrics("c-1").Age).To(Equal(time.Minute))
			}),
			Entry("and write a volume", `{"handle": "c-1", "action": "volume", "volume": {"handle": "v-1"}}`, func() {
				info("c-1")
				Expect(dir.Data("v-1")).To(BeADirectory())
			}),
			Entry("and act on another", `{"handle": "c-1", "target": "c-2", "action": "delete"}`, func() {
				info("c-1")
				Expect(list()).To(Equal([]string{"c-1"}))
			}),
		)

		It("take a volume away", func() {
			do("PUT", "/volumes/v-1", `{}`)
			do("PUT", "/hooks/on-destroy", `{"handle": "c-1", "action": "volume", "volume": {"handle": "v-1", "state": "missing"}}`)
			Expect(gdn.Destroy("c-1")).To(Succeed())
			Expect(filepath.Join(string(dir), "live", "v-1")).NotTo(BeAnExistingFile())
		})

		It("recreate what is just being destroyed", func() {
			do("PUT", "/hooks/on-destroy", `{"handle": "c-1", "action": "recreate", "skip": 0}`)
			Expect(gdn.Destroy("c-1")).To(Succeed())
			Expect(do("GET", "/hooks", "")).To(And(ContainSubstring(`"fired": 1`), Not(ContainSubstring("error"))))
		})

		It("tell what came of them", func() {
			do("PUT", "/hooks/on-bulk-info-single", `{"handle": "c-1", "target": "nope", "action": "delete"}`)
			info("c-1")
			Expect(do("GET", "/hooks", "")).To(ContainSubstring("unknown handle: nope"))
		})

		It("are dropped", func() {
			do("PUT", "/hooks/on-bulk-info-single", `{"handle": "c-1", "action": "delete"}`)
			do("DELETE", "/hooks/on-bulk-info-single", "")
			Expect(do("GET", "/hooks", "")).To(MatchJSON(`[]`))
			Expect(info("c-1").Err).To(BeNil())
		})

		DescribeTable("are refused",
			func(point, body string, status int, message string) {
				got, answer := call("PUT", "/hooks/"+point, body)
				Expect(got).To(Equal(status))
				Expect(answer).To(ContainSubstring(message))
			},
			Entry("at a point that there is not", "on-monday", `{"handle": "c-1", "action": "delete"}`, 404, "no such point: on-monday"),
			Entry("without a handle", "on-destroy", `{"action": "delete"}`, 400, "needs a handle"),
			Entry("without an action", "on-destroy", `{"handle": "c-1"}`, 400, "no such action"),
			Entry("without the volume", "on-destroy", `{"handle": "c-1", "action": "volume"}`, 400, "no such action"),
		)
	})
})
