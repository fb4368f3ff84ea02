package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// place is what a sandbox's ready file says.
type place struct{ Target, Baggageclaim, Control, Dir, Volumes, Depot, Containerd, Files string }

func (p place) client() garden.Client {
	network := "tcp"
	if strings.HasPrefix(p.Target, "/") {
		network = "unix"
	}

	return client.New(connection.New(network, p.Target))
}

// runIn runs a sandbox that keeps its temporary files in a directory.
func runIn(temporary string, args ...string) *gexec.Session {
	GinkgoHelper()
	command := exec.Command(sandboxPath, args...)
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait() })

	return session
}

// startIn is runIn, until the sandbox serves.
func startIn(temporary string, args ...string) (*gexec.Session, place) {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready.json")
	session := runIn(temporary, append(args, "--ready-file", ready)...)
	Eventually(ready).Should(BeAnExistingFile())

	content, err := os.ReadFile(ready)
	Expect(err).NotTo(HaveOccurred())
	var where place
	Expect(json.Unmarshal(content, &where)).To(Succeed())

	return session, where
}
