// Command init is the first process of each of gardend's containers, and what
// specs run in them to make them busy: it waits for a signal. It is static, so
// that an empty directory can be the root.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Children that were left to it are no zombies.
	signal.Ignore(syscall.SIGCHLD)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
}
