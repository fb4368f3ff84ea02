package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// bundlesDir is where containerd keeps the bundles of Concourse's namespace, beside its socket.
const bundlesDir = "io.containerd.runtime.v2.task/concourse"

// dirs are where a sandbox keeps what it makes.
type dirs struct {
	root    string
	volumes string
	journal string
	// bundles has a directory for each container: the depot, or containerd's.
	bundles string
	// depot is Guardian's; empty over containerd.
	depot string
	// containerd is where its socket would be; empty on Guardian.
	containerd string
	// files has a directory for each container's files; empty without real processes.
	files string
	made  []string
}

// makeDirs makes what is missing of them. A root that is there must be empty.
func makeDirs(options options) (dirs, error) {
	root := options.Dir
	made, err := makeRoot(&root)
	if err != nil {
		return dirs{}, err
	}

	made.journal = filepath.Join(root, "journal")
	made.volumes = filepath.Join(root, "volumes")
	// The journal is weeder's: where weeder is pointed here, it is to go too.
	made.made = append(made.made, made.volumes, made.journal)
	if options.Volumes != "" {
		if made.volumes, err = filepath.Abs(options.Volumes); err != nil {
			return dirs{}, errors.Join(fmt.Errorf("finding volumes directory: %w", err), made.remove())
		}
	}

	if err := made.makeBundles(options.Runtime); err != nil {
		return dirs{}, errors.Join(err, made.remove())
	}
	if options.Processes {
		if err := made.makeFiles(); err != nil {
			return dirs{}, errors.Join(err, made.remove())
		}
	}

	return made, nil
}

func (d *dirs) makeFiles() error {
	d.files = filepath.Join(d.root, "files")
	d.made = append(d.made, d.files)
	if err := os.Mkdir(d.files, 0o755); err != nil {
		return fmt.Errorf("making directory for files: %w", err)
	}

	return nil
}

func (d *dirs) makeBundles(runtime string) error {
	if runtime == containerd {
		directory := filepath.Join(d.root, "containerd")
		d.made = append(d.made, directory)
		d.containerd = filepath.Join(directory, "containerd.sock")
		d.bundles = filepath.Join(directory, bundlesDir)
		// As containerd makes them.
		if err := os.MkdirAll(d.bundles, 0o711); err != nil {
			return fmt.Errorf("making containerd's directory: %w", err)
		}

		return nil
	}

	d.depot = filepath.Join(d.root, "depot")
	d.made = append(d.made, d.depot)
	d.bundles = d.depot
	if err := os.Mkdir(d.depot, 0o755); err != nil {
		return fmt.Errorf("making depot: %w", err)
	}

	return nil
}

func makeRoot(root *string) (dirs, error) {
	if *root == "" {
		temporary, err := os.MkdirTemp("", "weeder-sandbox-")
		if err != nil {
			return dirs{}, fmt.Errorf("making directory: %w", err)
		}
		*root = temporary

		return dirs{root: temporary, made: []string{temporary}}, nil
	}

	absolute, err := filepath.Abs(*root)
	if err != nil {
		return dirs{}, fmt.Errorf("finding directory: %w", err)
	}
	*root = absolute

	entries, err := os.ReadDir(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(absolute, 0o755); err != nil {
			return dirs{}, fmt.Errorf("making directory: %w", err)
		}

		return dirs{root: absolute, made: []string{absolute}}, nil
	}
	if err != nil {
		return dirs{}, fmt.Errorf("reading directory: %w", err)
	}
	if len(entries) > 0 {
		return dirs{}, fmt.Errorf("directory %s is not empty: give --dir one that is empty or missing", absolute)
	}

	return dirs{root: absolute}, nil
}

func (d dirs) remove() error {
	var errs []error
	for _, made := range d.made {
		errs = append(errs, os.RemoveAll(made))
	}

	return errors.Join(errs...)
}
