package bosh_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// everything sets every property of the job.
func everything() object {
	return object{
		"dry_run":         false,
		"target":          "/var/vcap/data/garden/garden.sock",
		"timeout":         "1m",
		"volumes_dir":     "/var/vcap/data/baggageclaim/volumes",
		"baggageclaim":    "127.0.0.1:8888",
		"depot":           "/var/vcap/data/garden/depot",
		"containerd":      object{"socket": "/run/c.sock", "namespace": "garden"},
		"interval":        "1m30s",
		"grace":           "0.5h",
		"busy_grace":      "0s",
		"protect":         []string{"3f0e6f54-*", "keep=yes please"},
		"max_in_flight":   1,
		"max_per_pass":    0,
		"destroy_timeout": "1500ms",
		"max_containers":  0,
		"listen":          object{"address": "0.0.0.0", "port": 9999},
		"log_level":       "debug",
	}
}

// inEnvironment is what the rendered env.sh puts into the daemon's environment.
func inEnvironment(properties object) map[string]string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "env.sh")
	Expect(os.WriteFile(path, []byte(rendered(properties)["config/env.sh"]), 0o644)).To(Succeed())
	command := exec.Command("bash", "-c", `set -eu; source "$1"; exec env -0`, "bash", path)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	found := map[string]string{}
	for variable := range strings.SplitSeq(ran(command), "\x00") {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "WEEDER_") {
			found[name] = value
		}
	}
	return found
}

var _ = Describe("the job's environment", func() {
	It("by default leaves all to weeder but where it listens and writes, and that it destroys nothing", func() {
		Expect(inEnvironment(object{})).To(Equal(map[string]string{
			"WEEDER_DRY_RUN": "true",
			"WEEDER_JOURNAL": "/var/vcap/data/weeder/journal",
			"WEEDER_LISTEN":  "10.0.16.4:7790",
		}))
	})

	It("has everything that is set", func() {
		Expect(inEnvironment(everything())).To(Equal(map[string]string{
			"WEEDER_DRY_RUN":              "false",
			"WEEDER_TARGET":               "/var/vcap/data/garden/garden.sock",
			"WEEDER_TIMEOUT":              "1m",
			"WEEDER_VOLUMES":              "/var/vcap/data/baggageclaim/volumes",
			"WEEDER_BAGGAGECLAIM":         "127.0.0.1:8888",
			"WEEDER_DEPOT":                "/var/vcap/data/garden/depot",
			"WEEDER_CONTAINERD":           "/run/c.sock",
			"WEEDER_CONTAINERD_NAMESPACE": "garden",
			"WEEDER_INTERVAL":             "1m30s",
			"WEEDER_GRACE":                "0.5h",
			"WEEDER_BUSY_GRACE":           "0s",
			"WEEDER_PROTECT":              "3f0e6f54-*,keep=yes please",
			"WEEDER_MAX_IN_FLIGHT":        "1",
			"WEEDER_MAX_PER_PASS":         "0",
			"WEEDER_DESTROY_TIMEOUT":      "1500ms",
			"WEEDER_MAX_CONTAINERS":       "0",
			"WEEDER_LOG_LEVEL":            "debug",
			"WEEDER_JOURNAL":              "/var/vcap/data/weeder/journal",
			"WEEDER_LISTEN":               "0.0.0.0:9999",
		}))
	})

	It("has every option of the daemon", func() {
		help := ran(exec.Command(built.Weeder, "daemon", "--help"))
		var options []string
		for _, found := range regexp.MustCompile(`\[\$(WEEDER_\w+)\]`).FindAllStringSubmatch(help, -1) {
			options = append(options, found[1])
		}
		Expect(slices.Collect(maps.Keys(inEnvironment(everything())))).To(ConsistOf(slices.DeleteFunc(options, func(name string) bool {
			return name == "WEEDER_CHECK"
		})))
	})

	DescribeTable("does without where nothing is given",
		func(properties object, variable string) {
			Expect(inEnvironment(properties)).To(HaveKeyWithValue(variable, ""))
		},
		Entry("baggageclaim", object{"baggageclaim": ""}, "WEEDER_BAGGAGECLAIM"),
		Entry("containerd", object{"containerd": object{"socket": ""}}, "WEEDER_CONTAINERD"),
		Entry("serving metrics", object{"listen": object{"address": ""}}, "WEEDER_LISTEN"),
		Entry("protections", object{"protect": []string{}}, "WEEDER_PROTECT"),
	)

	DescribeTable("says where to listen",
		func(address any, spec object, expected string) {
			files, err := render(job, object{"listen": object{"address": address}}, spec)
			Expect(err).NotTo(HaveOccurred())
			Expect(files["config/env.sh"]).To(ContainSubstring("export WEEDER_LISTEN='" + expected + "'\n"))
		},
		Entry("the instance's address", nil, instance, "10.0.16.4:7790"),
		Entry("the instance's address of IPv6", nil, object{"ip": "fd00::4"}, "[fd00::4]:7790"),
		Entry("itself alone, while BOSH knows no address yet", nil, object{}, "127.0.0.1:7790"),
		Entry("loopback", "127.0.0.1", instance, "127.0.0.1:7790"),
		Entry("every address", "::", instance, "[::]:7790"),
		Entry("an address with a zone", "fe80::1%eth0", instance, "[fe80::1%eth0]:7790"),
		Entry("an address in brackets", "[::1]", instance, "[::1]:7790"),
		Entry("a name", "localhost", instance, "localhost:7790"),
	)

	hostile := []string{
		`it's "quoted"`, "two\nlines\n", "$(touch /tmp/x)", "`touch /tmp/x`", "${HOME} $HOME $$", "<%= 1 + 1 %> <% raise %>",
		`\ \\ \' \n`, "'; exit 1; '", "a  b\tc", " blank ", "*?[a-z]{a,b}~", "#!&|;<>()", "äöü → 日本", "-n", "\x01\x1b[31m\r",
	}
	var entries []any
	for _, value := range hostile {
		entries = append(entries, Entry(fmt.Sprintf("%q", value), value))
	}
	DescribeTable("has hostile values as they are", append([]any{func(value string) {
		found := inEnvironment(object{
			"target": value, "baggageclaim": value, "volumes_dir": "/" + value, "depot": "/" + value,
			"containerd": object{"socket": "/" + value, "namespace": value},
		})
		Expect(found).To(SatisfyAll(
			HaveKeyWithValue("WEEDER_TARGET", value), HaveKeyWithValue("WEEDER_BAGGAGECLAIM", value),
			HaveKeyWithValue("WEEDER_VOLUMES", "/"+value), HaveKeyWithValue("WEEDER_DEPOT", "/"+value),
			HaveKeyWithValue("WEEDER_CONTAINERD", "/"+value), HaveKeyWithValue("WEEDER_CONTAINERD_NAMESPACE", value),
		))
		protect := strings.TrimSpace(strings.ReplaceAll(value, ",", "?"))
		Expect(inEnvironment(object{"protect": []string{protect, "x"}})).To(HaveKeyWithValue("WEEDER_PROTECT", protect+",x"))
	}}, entries...)...)
})
