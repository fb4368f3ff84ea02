package bosh_test

import (
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the job's properties", func() {
	const wantDuration = "give a duration of h, m, s and ms, such as "

	DescribeTable("name what is wrong with a value, and show a good one",
		func(properties object, expected string) {
			_, err := render(job, properties, instance)
			Expect(err).To(MatchError(SatisfyAll(
				HavePrefix("Error filling in template 'env.sh.erb' (line "),
				HaveSuffix(": "+expected+")"),
			)))
		},
		Entry("text for a boolean", object{"dry_run": "false"}, `dry_run: "false": give true or false, without quotes`),
		Entry("a number for a boolean", object{"dry_run": 0}, `dry_run: 0: give true or false, without quotes`),
		Entry("no target", object{"target": ""},
			`target: "": give host:port or the path of a socket, such as 127.0.0.1:7777, or leave the property out`),
		Entry("a number for a target", object{"target": 7777},
			`target: 7777: give host:port or the path of a socket, such as 127.0.0.1:7777`),
		Entry("a NUL", object{"target": "a\x00b"}, `target: "a\u0000b": leave out the NUL, which no environment can hold`),
		Entry("a duration without a unit", object{"timeout": 30}, `timeout: 30: give a unit, as in 30s`),
		Entry("a duration without a unit, as text", object{"interval": "30"}, `interval: "30": give a unit, as in 30s`),
		Entry("a negative duration", object{"grace": "-10m"}, `grace: "-10m": `+wantDuration+"10m"),
		Entry("a duration in days", object{"busy_grace": "1d"}, `busy_grace: "1d": `+wantDuration+"24h"),
		Entry("a duration in words", object{"destroy_timeout": "2 minutes"}, `destroy_timeout: "2 minutes": `+wantDuration+"2m"),
		Entry("a duration and a line after it", object{"interval": "30s\nx"}, `interval: "30s\nx": `+wantDuration+"30s"),
		Entry("no duration", object{"interval": ""}, `interval: "": `+wantDuration+"30s"),
		Entry("no wait for an answer", object{"timeout": "0s"}, `timeout: "0s": give at least 1ms, such as 30s`),
		Entry("a short interval", object{"interval": "4s999ms"}, `interval: "4s999ms": give at least 5s, such as 30s`),
		Entry("a short grace", object{"grace": "0.9m"}, `grace: "0.9m": give at least 1m, such as 10m`),
		Entry("a short wait for a destroy", object{"destroy_timeout": "999ms"},
			`destroy_timeout: "999ms": give at least 1s, such as 2m`),
		Entry("a relative volumes directory", object{"volumes_dir": "volumes"},
			`volumes_dir: "volumes": give an absolute path, such as /var/vcap/data/worker/work/volumes`),
		Entry("no volumes directory", object{"volumes_dir": ""},
			`volumes_dir: "": give an absolute path, such as /var/vcap/data/worker/work/volumes, or leave the property out`),
		Entry("a relative depot", object{"depot": "./depot"},
			`depot: "./depot": give an absolute path, such as /var/vcap/data/garden/depot`),
		Entry("a list for baggageclaim", object{"baggageclaim": []string{"x"}},
			`baggageclaim: ["x"]: give host:port, such as 127.0.0.1:7788, or nothing to do without`),
		Entry("a relative socket", object{"containerd": object{"socket": "containerd.sock"}},
			`containerd.socket: "containerd.sock": give an absolute path, such as /run/containerd/containerd.sock, or nothing to do without`),
		Entry("no namespace", object{"containerd": object{"namespace": ""}},
			`containerd.namespace: "": give a namespace, such as concourse, or leave the property out`),
		Entry("text for the protections", object{"protect": "a,b"},
			`protect: "a,b": give a list, such as ["3f0e6f54-*", "keep=yes"]`),
		Entry("an empty protection", object{"protect": []string{"a", ""}},
			`protect: "": give handle globs and key=value alone, none of them empty`),
		Entry("a number for a protection", object{"protect": []any{1}},
			`protect: 1: give handle globs and key=value alone, none of them empty`),
		Entry("a comma in a protection", object{"protect": []string{"a=b,c"}},
			`protect: "a=b,c": leave out the comma, which separates protections: put a ? in its place in a glob`),
		Entry("a space at a protection's end", object{"protect": []string{"a "}}, `protect: "a ": leave out the space at its ends`),
		Entry("a NUL in a protection", object{"protect": []string{"a\x00"}},
			`protect: "a\u0000": leave out the NUL, which no environment can hold`),
		Entry("nothing in flight", object{"max_in_flight": 0},
			`max_in_flight: 0: give a whole number from 1 on, without quotes, such as 3`),
		Entry("a negative cap", object{"max_per_pass": -1},
			`max_per_pass: -1: give a whole number from 0 on, without quotes, such as 20`),
		Entry("half a slot", object{"max_containers": 0.5},
			`max_containers: 0.5: give a whole number from 0 on, without quotes, such as 250`),
		Entry("text for a number", object{"max_containers": "250"},
			`max_containers: "250": give a whole number from 0 on, without quotes, such as 250`),
		Entry("an unknown level", object{"log_level": "warn"}, `log_level: "warn": give debug, info, error or fatal`),
		Entry("a port that takes a privilege", object{"listen": object{"port": 1023}},
			`listen.port: 1023: give a whole number from 1024 to 65535, without quotes, such as 7790`),
		Entry("a port beyond the last", object{"listen": object{"port": 65536}},
			`listen.port: 65536: give a whole number from 1024 to 65535, without quotes, such as 7790`),
		Entry("an address with a port", object{"listen": object{"address": "127.0.0.1:7790"}},
			`listen.address: "127.0.0.1:7790": give an IP address or a name, such as 127.0.0.1, and the port in listen.port`),
		Entry("an address with more after it", object{"listen": object{"address": "127.0.0.1\nx"}},
			`listen.address: "127.0.0.1\nx": give an IP address or a name, such as 127.0.0.1, and the port in listen.port`),
		Entry("a group for an address", object{"listen": object{"address": 7790}},
			`listen.address: 7790: give an IP address or a name, such as 127.0.0.1, and the port in listen.port`),
		Entry("several at once", object{"grace": 10, "log_level": "warn"},
			`grace: 10: give a unit, as in 10s; log_level: "warn": give debug, info, error or fatal`),
	)

	DescribeTable("have the least durations that weeder has",
		func(variable, property, least, below string) {
			check := func(value string) error {
				command := exec.Command(built.Weeder, "daemon", "--check")
				command.Env = []string{variable + "=" + value}
				return command.Run()
			}
			Expect(check(least)).To(Succeed())
			Expect(check(below)).NotTo(Succeed())
			Expect(inEnvironment(object{property: least})).To(HaveKeyWithValue(variable, least))
			_, err := render(job, object{property: below}, instance)
			Expect(err).To(MatchError(ContainSubstring("give at least")))
		},
		Entry("timeout", "WEEDER_TIMEOUT", "timeout", "1ms", "0s"),
		Entry("interval", "WEEDER_INTERVAL", "interval", "5s", "4.999s"),
		Entry("grace", "WEEDER_GRACE", "grace", "1m", "59s999ms"),
		Entry("destroy_timeout", "WEEDER_DESTROY_TIMEOUT", "destroy_timeout", "1s", "999ms"),
	)

	It("take no value for a group", func() {
		_, err := render(job, object{"containerd": "/run/containerd/containerd.sock"}, instance)
		Expect(err).To(MatchError("Property 'containerd.socket' expects a hash, but received 'String'"))
	})
})
