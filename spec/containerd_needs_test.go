package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	. "github.com/onsi/ginkgo/v2"

	"weeder/spec/leftout"
)

// needContainers skips the spec, and says why, where no containers can be run.
// In continuous integration it fails instead.
func needContainers() {
	GinkgoHelper()
	if why := containersNeed(); why != "" {
		leftout.Skip("a real containerd with runc, for " + why)
	}
}

// containersNeed is why no containers can be run here; empty: they can.
var containersNeed = sync.OnceValue(func() string {
	if os.Geteuid() != 0 {
		return "only root can run it"
	}
	for _, program := range []string{"containerd", "containerd-shim-runc-v2", "runc"} {
		if _, err := exec.LookPath(program); err != nil {
			return "there is no " + program + ": spec/setup.sh containerd runc"
		}
	}
	if err := tryRunc(); err != nil {
		return "runc can run no container here: " + err.Error()
	}
	return ""
})

// tryRunc makes the least of containers, and takes it away.
func tryRunc() error {
	bundle, err := os.MkdirTemp("", "wc")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bundle)
	name := filepath.Base(bundle)
	config, err := json.Marshal(body{
		"ociVersion": "1.0.2",
		"root":       body{"path": bundle},
		"process":    body{"args": []string{"/init"}, "cwd": "/", "user": body{"uid": 0, "gid": 0}},
		"mounts": []body{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/init", "type": "bind", "source": built.Init, "options": []string{"bind"}},
		},
		"linux": body{
			"cgroupsPath": "/" + name,
			"namespaces":  []body{{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}},
		},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o600); err != nil {
		return err
	}
	said, err := os.Create(filepath.Join(bundle, "said"))
	if err != nil {
		return err
	}
	defer said.Close()

	root := filepath.Join(bundle, "runc")
	create := exec.Command("runc", "--root", root, "create", "--bundle", bundle, name)
	// No pipe: the container keeps it open.
	create.Stderr = said
	if err := create.Run(); err != nil {
		why, _ := os.ReadFile(said.Name())
		return fmt.Errorf("%w: %s", err, bytes.ReplaceAll(bytes.TrimSpace(why), []byte("\n"), []byte("; ")))
	}
	return exec.Command("runc", "--root", root, "delete", "--force", name).Run()
}
