package monitoring

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"
)

// instructions are those of the Containerfile, in order.
func instructions() [][2]string {
	GinkgoHelper()
	var all [][2]string
	for line := range strings.Lines(read(homesDir, "Containerfile")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			name, rest, _ := strings.Cut(line, " ")
			all = append(all, [2]string{name, rest})
		}
	}
	return all
}

var _ = Describe("Containerfile", func() {
	It("puts the binary that make builds into an image, and nothing else but its licence", func() {
		Expect(instructions()).To(Equal([][2]string{
			{"FROM", "scratch"},
			{"COPY", "LICENSE bin/weeder /"},
			{"ENTRYPOINT", `["/weeder"]`},
			{"CMD", `["daemon"]`},
		}))
		Expect(read("../../Makefile")).To(MatchRegexp(`CGO_ENABLED=0 go build .* -o bin/ ./cmd/weeder`))
		Expect("../../LICENSE").To(BeARegularFile())
	})

	It("makes an image that weeder runs in", func() {
		needRoot("change the root directory")
		root := GinkgoT().TempDir()
		binary, err := os.ReadFile(built.Weeder)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(root, "weeder"), binary, 0o755)).To(Succeed())

		inImage := func(args ...string) string {
			GinkgoHelper()
			var entrypoint, arguments []string
			Expect(json.Unmarshal([]byte(instructions()[2][1]), &entrypoint)).To(Succeed())
			Expect(json.Unmarshal([]byte(instructions()[3][1]), &arguments)).To(Succeed())
			if args[0] != "--check" {
				arguments = nil
			}
			command := exec.Command(entrypoint[0], append(arguments, args...)...)
			command.Dir = "/"
			command.Env = []string{}
			command.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
			said, err := command.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(said))
			return string(said)
		}
		Expect(inImage("version")).NotTo(BeEmpty())
		Expect(inImage("--check")).To(ContainSubstring("the configuration is good"))
	})
})

// sidecar is weeder's container in helm-values.yml, as far as it is checked.
type sidecar struct {
	Name string
	Env  []struct{ Name, Value string }

	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	LivenessProbe struct {
		HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
	} `yaml:"livenessProbe"`
	ReadinessProbe  any `yaml:"readinessProbe"`
	SecurityContext struct {
		RunAsUser    *int `yaml:"runAsUser"`
		Privileged   bool
		Capabilities struct{ Drop, Add []string }
	} `yaml:"securityContext"`
	VolumeMounts []volumeMount `yaml:"volumeMounts"`

	Image     string
	Resources any
}

type volumeMount struct {
	Name             string
	MountPath        string `yaml:"mountPath"`
	ReadOnly         bool   `yaml:"readOnly"`
	MountPropagation string `yaml:"mountPropagation"`
}

// values are what is given to the chart; it knows no others of the worker's.
type values struct {
	Worker struct {
		Annotations       map[string]string
		SidecarContainers []sidecar `yaml:"sidecarContainers"`
		AdditionalVolumes []struct {
			Name     string
			EmptyDir *map[string]string `yaml:"emptyDir"`
		} `yaml:"additionalVolumes"`
		AdditionalVolumeMounts []volumeMount `yaml:"additionalVolumeMounts"`
	}
}

var _ = Describe("helm-values.yml", func() {
	var given values
	var weeder sidecar
	BeforeEach(func() {
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(read(homesDir, "helm-values.yml"))))
		given = values{}
		Expect(decoder.Decode(&given)).To(Succeed())
		Expect(given.Worker.SidecarContainers).To(HaveLen(1))
		weeder = given.Worker.SidecarContainers[0]
	})

	It("shares with the worker what has to be, at the same paths", func() {
		Expect(weeder.VolumeMounts).To(ConsistOf(
			volumeMount{Name: "concourse-work-dir", MountPath: "/concourse-work-dir", ReadOnly: true, MountPropagation: "HostToContainer"},
			volumeMount{Name: "run-containerd", MountPath: "/run/containerd", ReadOnly: true},
			volumeMount{Name: "weeder", MountPath: "/var/lib/weeder"},
		))
		Expect(given.Worker.AdditionalVolumeMounts).To(ConsistOf(volumeMount{Name: "run-containerd", MountPath: "/run/containerd"}))
		there := []string{"concourse-work-dir"}
		for _, volume := range given.Worker.AdditionalVolumes {
			Expect(volume.EmptyDir).NotTo(BeNil())
			there = append(there, volume.Name)
		}
		for _, mount := range weeder.VolumeMounts {
			Expect(there).To(ContainElement(mount.Name))
		}
	})

	It("is no more privileged than it must be", func() {
		context := weeder.SecurityContext
		Expect(context.RunAsUser).To(HaveValue(BeZero()))
		Expect(context.Privileged).To(BeFalse())
		Expect(context.Capabilities.Drop).To(Equal([]string{"ALL"}))
		Expect(context.Capabilities.Add).To(Equal([]string{"DAC_READ_SEARCH"}))
	})

	It("is not restarted, nor the pod unready, because Garden is down", func() {
		Expect(weeder.LivenessProbe.HTTPGet.Path).To(Equal("/"))
		Expect(weeder.ReadinessProbe).To(BeNil())
		Expect(weeder.LivenessProbe.HTTPGet.Port).To(Equal(weeder.Ports[0].Name))
	})

	It("has variables that weeder takes, on the port that is scraped", func() {
		check := exec.Command(built.Weeder, "daemon", "--check")
		check.Env = []string{}
		help, err := exec.Command(built.Weeder, "daemon", "--help").Output()
		Expect(err).NotTo(HaveOccurred())
		set := map[string]string{}
		for _, variable := range weeder.Env {
			Expect(string(help)).To(ContainSubstring("[$" + variable.Name + "]"))
			set[variable.Name] = variable.Value
			check.Env = append(check.Env, variable.Name+"="+variable.Value)
		}
		said, err := check.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(said))
		Expect(set).To(HaveKeyWithValue("WEEDER_DRY_RUN", "true"))
		Expect(set).To(HaveKeyWithValue("WEEDER_VOLUMES", "/concourse-work-dir/volumes"))
		Expect(set).To(HaveKeyWithValue("WEEDER_LISTEN", ":7790"))
		Expect(set).To(HaveKeyWithValue("WEEDER_JOURNAL", HavePrefix("/var/lib/weeder/")))
		Expect(weeder.Ports[0].ContainerPort).To(Equal(7790))
		Expect(given.Worker.Annotations).To(HaveKeyWithValue("prometheus.io/port", "7790"))
	})
})
