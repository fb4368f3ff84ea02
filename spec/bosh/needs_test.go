package bosh_test

import (
	"os"
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
)

// need leaves the spec out, by name, where a program is missing that it runs. In
// continuous integration that fails it.
func need(programs ...string) {
	GinkgoHelper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			leaveOut("there is no " + program + ": spec/setup.sh " + program)
		}
	}
}

// needNamespaces is need for specs that make namespaces.
func needNamespaces() {
	GinkgoHelper()
	need("unshare", "nsenter", "setpriv")
	if os.Geteuid() != 0 {
		leaveOut("only root can lay out a stemcell")
	}
	if said, err := exec.Command("unshare", "--mount", "--pid", "--fork", "--mount-proc", "true").CombinedOutput(); err != nil {
		leaveOut("no namespaces can be made here: " + string(said))
	}
}

func leaveOut(why string) {
	GinkgoHelper()
	why = "left out: " + why
	if os.Getenv("CI") != "" {
		Fail(why)
	}
	Skip(why)
}
