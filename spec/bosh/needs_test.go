package bosh_test

import (
	"os"
	"os/exec"

	. "github.com/onsi/ginkgo/v2"

	"weeder/spec/leftout"
)

// need leaves the spec out, by name, where a program is missing that it runs. In
// continuous integration that fails it.
func need(programs ...string) {
	GinkgoHelper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			leftout.Skip("there is no " + program + ": spec/setup.sh " + program)
		}
	}
}

// needNamespaces is need for specs that make namespaces.
func needNamespaces() {
	GinkgoHelper()
	need("unshare", "nsenter", "setpriv")
	if os.Geteuid() != 0 {
		leftout.Skip("only root can lay out a stemcell")
	}
	if said, err := exec.Command("unshare", "--mount", "--pid", "--fork", "--mount-proc", "true").CombinedOutput(); err != nil {
		leftout.Skip("no namespaces can be made here: " + string(said))
	}
}
