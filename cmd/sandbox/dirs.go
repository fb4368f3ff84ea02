package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// dirs are where a sandbox keeps what it makes.
type dirs struct {
	root    string
	volumes string
	depot   string
	journal string
	made    []string
}

// makeDirs makes what is missing of them. A root that is there must be empty.
func makeDirs(root, volumes string) (dirs, error) {
	made, err := makeRoot(&root)
	if err != nil {
		return dirs{}, err
	}

	made.depot = filepath.Join(root, "depot")
	made.journal = filepath.Join(root, "journal")
	made.volumes = filepath.Join(root, "volumes")
	// The journal is weeder's: where weeder is pointed here, it is to go too.
	made.made = append(made.made, made.depot, made.volumes, made.journal)
	if volumes != "" {
		if made.volumes, err = filepath.Abs(volumes); err != nil {
			return dirs{}, errors.Join(fmt.Errorf("finding volumes directory: %w", err), made.remove())
		}
	}

	if err := os.Mkdir(made.depot, 0o755); err != nil {
		return dirs{}, errors.Join(fmt.Errorf("making depot: %w", err), made.remove())
	}

	return made, nil
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
