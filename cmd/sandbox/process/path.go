package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"code.cloudfoundry.org/garden"
)

// lookPath finds what a command runs, or says as runc and Guardian do that it is not there.
func lookPath(command Command) (string, error) {
	if strings.Contains(command.Path, "/") {
		path := command.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(command.Dir, path)
		}
		found, err := exec.LookPath(path)
		if err != nil {
			return "", notStarted(err)
		}

		return found, nil
	}

	for _, dir := range filepath.SplitList(variable(command.Env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, command.Path)); err == nil {
			return found, nil
		}
	}

	return "", notStarted(&exec.Error{Name: command.Path, Err: exec.ErrNotFound})
}

// notStarted is what Guardian makes of runc's last words.
func notStarted(err error) error {
	message := fmt.Sprintf("exec failed: unable to start container process: %s", err)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return garden.ExecutableNotFoundError{Message: message}
	}

	return errors.New("runc exec: exit status 255: " + message)
}

// variable is the last value of a name in an environment.
func variable(env []string, name string) string {
	value := ""
	for _, pair := range env {
		if key, found, _ := strings.Cut(pair, "="); key == name {
			value = found
		}
	}

	return value
}
