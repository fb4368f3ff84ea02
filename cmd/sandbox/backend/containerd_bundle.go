package backend

import _ "embed"

// recordedTask is a config.json as containerd 1.6 wrote it for a container of Concourse's.
//
//go:embed testdata/embed/containerd-config.json
var recordedTask []byte

// taskTemplate is the recorded bundle without the mounts that were that container's own.
var taskTemplate = recorded(recordedTask, "/tmp/gdn-init")

// containerdBundle are the files of a bundle as containerd's runtime writes them for a task, as far
// as they tell of the container. What the shim keeps beside its config.json is left out.
func (c Container) containerdBundle(string) ([]bundleFile, error) {
	spec := c.spec(taskTemplate)
	// The grace time is set when the spec has been written.
	spec.Annotations = kept(c.Properties)
	delete(spec.Annotations, graceTimeKey)
	config, err := c.config(spec)

	return []bundleFile{{"config.json", 0o644, config}}, err
}
