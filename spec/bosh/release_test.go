package bosh_test

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// jobSpec is a job's spec file, as far as it is looked at.
type jobSpec struct {
	Name        string
	Description string
	Templates   map[string]string
	Packages    []string
	Provides    []struct {
		Name, Type string
		Properties []string
	}
	Properties map[string]struct {
		Description string
		Example     any
		Default     any
	}
}

func theJob() jobSpec {
	GinkgoHelper()
	var spec jobSpec
	yamlFile(job+"/spec", &spec)
	return spec
}

// filesIn are the files under a directory, by their paths in it.
func filesIn(directory string) []string {
	GinkgoHelper()
	var found []string
	Expect(filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(directory, path)
			found = append(found, name)
		}
		return err
	})).To(Succeed())
	return found
}

// made is the release as `make release` leaves it, in a copy of what it is made
// from, without a bosh CLI.
func made() string {
	GinkgoHelper()
	root := GinkgoT().TempDir()
	absolute, err := filepath.Abs(module)
	Expect(err).NotTo(HaveOccurred())
	entries, err := os.ReadDir(absolute)
	Expect(err).NotTo(HaveOccurred())
	for _, entry := range entries {
		if entry.Name() != "bosh" {
			Expect(os.Symlink(filepath.Join(absolute, entry.Name()), filepath.Join(root, entry.Name()))).To(Succeed())
		}
	}
	copied := filepath.Join(root, "bosh")
	Expect(os.CopyFS(copied, os.DirFS(release))).To(Succeed())
	Expect(os.RemoveAll(filepath.Join(copied, "src"))).To(Succeed())

	goTool, err := exec.LookPath("go")
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(filepath.Join(copied, "scripts", "release.sh"), "v1.2.3")
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(goTool)+":/usr/bin:/bin", "GOFLAGS=-buildvcs=false")
	ran(command)
	return copied
}

// packaged installs the package of a made release, as BOSH compiles it.
func packaged(made string) string {
	GinkgoHelper()
	target := GinkgoT().TempDir()
	packaging, err := filepath.Abs(filepath.Join(made, "packages", "weeder", "packaging"))
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command("bash", packaging)
	command.Dir = filepath.Join(made, "src")
	command.Env = append(os.Environ(), "BOSH_INSTALL_TARGET="+target)
	ran(command)
	return target
}

var _ = Describe("the release", func() {
	It("has what create-release reads, and no more", func() {
		var final, blobs map[string]any
		yamlFile(release+"/config/final.yml", &final)
		Expect(final).To(HaveKeyWithValue("name", "weeder"))
		yamlFile(release+"/config/blobs.yml", &blobs)
		Expect(blobs).To(BeEmpty())

		spec := theJob()
		Expect(spec.Name).To(Equal("weeder"), "as its directory")
		wanted := []string{"monit", "spec"}
		for template := range spec.Templates {
			wanted = append(wanted, "templates/"+template)
		}
		Expect(filesIn(job)).To(ConsistOf(wanted))
		for _, name := range spec.Packages {
			Expect(filesIn(filepath.Join(release, "packages", name))).To(ConsistOf("packaging", "spec"))
		}
		Expect(filepath.Glob(release + "/jobs/*")).To(HaveLen(1))
		Expect(filepath.Glob(release + "/packages/*")).To(HaveLen(len(spec.Packages)))
	})

	It("has the module's licence", func() {
		Expect(read(release + "/LICENSE")).To(Equal(read(module + "/LICENSE")))
	})

	It("is made with a static binary for every worker, its version and its licences", func() {
		made := made()
		var spec struct {
			Name         string
			Files        []string
			Dependencies []string
		}
		yamlFile(filepath.Join(made, "packages/weeder/spec"), &spec)
		Expect(spec.Name).To(Equal("weeder"))
		Expect(spec.Dependencies).To(BeEmpty())
		Expect(filesIn(filepath.Join(made, "src"))).To(ConsistOf(spec.Files), "each file is packaged, and each packaged one is there")

		installed := packaged(made)
		Expect(filesIn(installed)).To(ConsistOf("bin/weeder", "VERSION", "LICENSE", "THIRD-PARTY-LICENSES"))
		binary, err := elf.Open(filepath.Join(installed, "bin/weeder"))
		Expect(err).NotTo(HaveOccurred())
		defer binary.Close()
		Expect(binary.Machine).To(Equal(elf.EM_X86_64))
		Expect(binary.ImportedLibraries()).To(BeEmpty())
		Expect(ran(exec.Command(filepath.Join(installed, "bin/weeder"), "version"))).To(ContainSubstring("v1.2.3"))
		Expect(read(filepath.Join(installed, "VERSION"))).To(Equal("v1.2.3\n"))
		Expect(read(filepath.Join(installed, "LICENSE"))).To(Equal(read(module + "/LICENSE")))

		By("naming each module that is linked in")
		licences := read(filepath.Join(installed, "THIRD-PARTY-LICENSES"))
		linked := regexp.MustCompile(`(?m)^\tdep\t(\S+)\t`).FindAllStringSubmatch(
			ran(exec.Command("go", "version", "-m", filepath.Join(installed, "bin/weeder"))), -1)
		Expect(len(linked)).To(BeNumerically(">", 10))
		for _, dependency := range linked {
			Expect(licences).To(ContainSubstring("==== " + dependency[1] + " v"))
		}
	})

	It("keeps what is built out of git", func() {
		need("git")
		for path, ignored := range map[string]bool{
			"src/weeder/weeder": true, "dev_releases/weeder/index.yml": true, ".dev_builds/x": true, "weeder-v1.tgz": true,
			"config/private.yml": true, "releases/weeder/index.yml": false, ".final_builds/x": false, "jobs/weeder/spec": false,
		} {
			command := exec.Command("git", "check-ignore", "--quiet", "--no-index", path)
			command.Dir = release
			Expect(command.Run() == nil).To(Equal(ignored), path)
		}
	})
})

var _ = Describe("the job's spec", func() {
	// ownDefaults are the properties whose default is not the binary's, or that
	// the link needs one of.
	ownDefaults := []string{"dry_run", "listen.port"}

	It("tells of each property what it means, and shows a value", func() {
		spec := theJob()
		Expect(spec.Description).NotTo(BeEmpty())
		for name, property := range spec.Properties {
			Expect(strings.TrimSpace(property.Description)).To(HaveSuffix("."), name)
			if property.Default == nil {
				Expect(property.Example).NotTo(BeNil(), name)
			} else {
				Expect(ownDefaults).To(ContainElement(name))
			}
		}
	})

	It("shows values that are good", func() {
		shown := object{}
		for name, property := range theJob().Properties {
			value := property.Example
			if value == nil {
				value = property.Default
			}
			if group, last, nested := strings.Cut(name, "."); nested {
				if shown[group] == nil {
					shown[group] = object{}
				}
				shown[group].(object)[last] = value
				continue
			}
			shown[name] = value
		}
		_, err := render(job, shown, instance)
		Expect(err).NotTo(HaveOccurred())
	})

	It("tells the port that is the binary's", func() {
		help := strings.Join(strings.Fields(ran(exec.Command(built.Weeder, "daemon", "--help"))), " ")
		Expect(help).To(ContainSubstring("(default: 127.0.0.1:7790) [$WEEDER_LISTEN]"))
		Expect(theJob().Properties["listen.port"].Default).To(BeEquivalentTo(7790))
	})

	It("provides a link with what the properties are called", func() {
		spec := theJob()
		Expect(spec.Provides).To(HaveLen(1))
		Expect(spec.Provides[0].Name).To(Equal("weeder"))
		Expect(spec.Provides[0].Type).To(Equal("weeder"))
		Expect(spec.Provides[0].Properties).To(ConsistOf("listen.address", "listen.port"))
		for _, name := range spec.Provides[0].Properties {
			Expect(spec.Properties).To(HaveKey(name))
		}
	})
})
