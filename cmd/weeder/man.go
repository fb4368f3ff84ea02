package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"
)

type manCommand struct {
	app *app
}

// Execute runs the command.
func (c *manCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	date, err := manDate()
	if err != nil {
		return err
	}
	parser, err := newParser(&app{})
	if err != nil {
		return err
	}
	page := manPage{out: c.app.stdout, parser: parser}
	page.write(date)
	return nil
}

// manDate is today, or for who builds a package the time that he gives.
func manDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, usagef("give SOURCE_DATE_EPOCH in seconds since 1970, not %q", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// usage is the parser's own line for a command.
func usage(parser *flags.Parser, command *flags.Command) string {
	parser.Command.Active = command
	var help bytes.Buffer
	parser.WriteHelp(&help)
	_, rest, _ := strings.Cut(help.String(), "\n")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// placeholder stands for the value of an option.
func placeholder(option *flags.Option) string {
	if option.ValueName != "" {
		return option.ValueName
	}
	switch option.Value().(type) {
	case bool:
		return ""
	case time.Duration:
		return "DURATION"
	case int, uint16, uint64:
		return "N"
	}
	return strings.ToUpper(option.LongName)
}

// roff escapes what the formatter would read as its own, or would print as
// another character, with which nothing copied from the page works.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// about writes what a command does: paragraphs, and its example as it stands.
func (p manPage) about(text string) {
	text, example, _ := strings.Cut(text, "\n\nExample: ")
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		fmt.Fprintf(p.out, ".PP\n%s\n", roff(paragraph))
	}
	if example != "" {
		fmt.Fprint(p.out, ".PP\nExample:\n.PP\n.nf\n.RS\n")
		for line := range strings.SplitSeq(example, "\n") {
			fmt.Fprintln(p.out, roff(line))
		}
		fmt.Fprint(p.out, ".RE\n.fi\n")
	}
}
