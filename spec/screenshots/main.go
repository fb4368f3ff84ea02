// Command screenshots makes the README's pictures of the daemon's page: it lives
// through a made-up day on a sandbox's worker, with the real daemon and a clock of
// its own, and looks at the page in a headless Chromium.
package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"weeder/spec/browser"
)

// picture is one to be made.
type picture struct {
	name   string
	window browser.Window
	height int
}

var pictures = []picture{
	{"light.png", browser.Window{Width: 960, Height: 900}, 900},
	{"dark.png", browser.Window{Width: 960, Height: 900, Dark: true}, 900},
	{"phone.png", browser.Window{Width: 360, Height: 740, Phone: true}, 900},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: screenshots BIN DIR: the directory of the sandbox's binary, and that of the pictures")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(bin, dir string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	sandbox, err := startSandbox(ctx, filepath.Join(bin, "sandbox"))
	if err != nil {
		return err
	}
	defer sandbox.close()
	day, err := newDay(ctx, sandbox)
	if err != nil {
		return err
	}
	watched := watch(sandbox)
	defer watched.end()
	if err := day.live(watched); err != nil {
		return err
	}

	server := httptest.NewServer(watched.status.Handler())
	defer server.Close()
	looking, err := browser.Start()
	if err != nil {
		return err
	}
	defer func() {
		if closed := looking.Close(); err == nil {
			err = closed
		}
	}()
	for _, picture := range pictures {
		page, err := looking.Open(ctx, server.URL, picture.window)
		if err != nil {
			return err
		}
		image, err := page.Picture(ctx, picture.height)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, picture.name)
		if err := os.WriteFile(path, image, 0o644); err != nil {
			return fmt.Errorf("write picture: %w", err)
		}
		fmt.Printf("%s  %d kB\n", path, len(image)/1000)
	}
	return nil
}
