// Command floor does weeder's work as barely as it can be done; what weeder
// takes is measured against it. It judges nothing and checks nothing.
//
// floor first does the work of a first pass, once: list, bulk_info, each
// bundle's config.json, one readdir for each state of the volumes, one read of
// each referenced ttl.json.
//
// floor seen does that of passes over containers that are seen already, over
// and over: list, the readdirs, the reads of ttl.json. It prints a line of JSON
// for each.
//
// floor seen-bare does the same, but reads no file: it looks with one system
// call whether each is as it was.
package main

import (
	"fmt"
	"log"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatalf("error: %v", err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "first":
		return first(args[1], args[2])
	case len(args) == 4 && (args[0] == "seen" || args[0] == "seen-bare"):
		interval, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		read := onDisk
		if args[0] == "seen-bare" {
			read = onDiskBare
		}
		return seen(args[1], args[2], interval, read)
	}
	return fmt.Errorf("usage: floor first HOST:PORT VOLUMES-DIR, or floor seen|seen-bare HOST:PORT VOLUMES-DIR INTERVAL")
}
