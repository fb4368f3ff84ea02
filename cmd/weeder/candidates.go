package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"

	"weeder/gardenclient"
	"weeder/journal"
	"weeder/reaper"
)

const (
	// completionVariable has the parser complete the command line, not run it.
	completionVariable = "GO_FLAGS_COMPLETION"
	// listTimeout is how long who presses tab waits for handles.
	listTimeout = time.Second
	// someHandle marks the place of handles among what completes, someTold that
	// of those in the journal. No description is like them.
	someHandle = "\x00handle"
	someTold   = "\x00told"
	// someFile is printed where the shell has to complete a path. No word of
	// weeder's begins so.
	someFile = ":files"
)

// Complete implements flags.Completer. It knows neither the target nor the
// words before: app.complete does.
func (*handleArgument) Complete(typed string) []flags.Completion {
	return []flags.Completion{{Item: typed, Description: someHandle}}
}

// Complete implements flags.Completer, as that of handleArgument does.
func (*toldHandle) Complete(typed string) []flags.Completion {
	return []flags.Completion{{Item: typed, Description: someTold}}
}

// complete prints what the last word of a command line can become, each on a
// line, after a tab what it means. Nothing in it needs quoting in a shell.
func (a *app) complete(parser *flags.Parser, words []string, found []flags.Completion) {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	switch {
	case len(found) == 0 && wantsFile(parser, before, last):
		found = []flags.Completion{{Item: someFile}}
	case len(found) == 1 && found[0].Description == someHandle:
		found = a.handlesBeginning(found[0].Item, before, (*app).liveHandles)
	case len(found) == 1 && found[0].Description == someTold:
		found = a.handlesBeginning(found[0].Item, before, (*app).journalHandles)
	}
	for _, candidate := range found {
		line := candidate.Item
		if candidate.Description != "" {
			line += "\t" + candidate.Description
		}
		fmt.Fprintln(a.stdout, line)
	}
}

// wantsFile tells whether the last word is the value of a global option that
// can be a path, after it or joined to it.
func wantsFile(parser *flags.Parser, before []string, last string) bool {
	name, _, joined := strings.Cut(last, "=")
	if !joined && len(before) > 0 {
		name = before[len(before)-1]
	}
	var option *flags.Option
	if long, is := strings.CutPrefix(name, "--"); is {
		option = parser.FindOptionByLongName(long)
	} else if name == "-t" {
		option = parser.FindOptionByShortName('t')
	}
	return option != nil && option.Field().Tag.Get("complete") == "files"
}

// handlesBeginning are those of the handles that begin with what is typed,
// without those of the words before. Whatever fails, there are none: nobody has
// asked for anything yet.
func (a *app) handlesBeginning(typed string, before []string, handles func(*app) ([]string, error)) []flags.Completion {
	ctx, cancel := context.WithTimeout(a.ctx, listTimeout)
	defer cancel()
	asker := &app{ctx: ctx, stderr: io.Discard, variables: a.variables}
	if err := asker.parseGlobal(before); err != nil {
		return nil
	}
	listed, err := handles(asker)
	if err != nil {
		return nil
	}
	listed = slices.DeleteFunc(listed, func(handle string) bool {
		return !reaper.SafeHandle(handle) || slices.Contains(before, handle)
	})
	return beginning(typed, listed)
}

// liveHandles are those of the worker's containers, by the plain list: it
// restarts no grace time.
func (a *app) liveHandles() ([]string, error) {
	client := a.garden()
	defer client.Close()
	return client.List(a.ctx)
}

// journalHandles are those of the containers that the journal tells of.
func (a *app) journalHandles() ([]string, error) {
	account, err := journal.Read(a.global.journalDir(), time.Time{})
	return toldHandles(account.Entries), err
}

// parseGlobal reads the target from a command line that is not complete yet,
// or from the environment.
func (a *app) parseGlobal(words []string) error {
	os.Unsetenv(completionVariable)
	parser := flags.NewParser(&a.global, flags.IgnoreUnknown|flags.PassDoubleDash)
	eachOption(parser.Command, nameVariable)
	if _, err := parser.ParseArgs(words); err != nil {
		return fmt.Errorf("parse global options: %w", err)
	}
	// What is wrong in those that matter not here keeps nobody from completing.
	_ = a.readVariables(parser, nil)
	a.global.Timeout = listTimeout
	_, err := gardenclient.ParseTarget(a.global.Target)
	return err
}
