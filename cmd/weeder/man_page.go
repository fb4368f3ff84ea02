package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"
)

// manPage writes the manual page. The parser's own has neither the arguments
// of commands nor, where there is a default, the variables of options, and
// fills examples like text.
type manPage struct {
	out    io.Writer
	parser *flags.Parser
}

func (p manPage) write(date time.Time) {
	fmt.Fprintf(p.out, ".TH WEEDER 1 \"%s\" \"weeder %s\" \"User Commands\"\n", date.Format(time.DateOnly), roff(currentVersion()))
	// Examples are to be copied: no hyphens, no stretched blanks.
	fmt.Fprint(p.out, ".nh\n.ad l\n")
	fmt.Fprintf(p.out, ".SH NAME\nweeder \\- %s\n", roff(p.parser.ShortDescription))
	fmt.Fprint(p.out, ".SH SYNOPSIS\n.B weeder\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n")
	fmt.Fprintf(p.out, ".SH DESCRIPTION\n%s\n", roff(p.parser.LongDescription))
	for _, section := range sections(nil) {
		fmt.Fprintf(p.out, ".SH %s\n", roff(strings.ToUpper(section.title)))
		for _, command := range section.commands {
			p.command(p.parser.Find(command.name))
		}
	}
	fmt.Fprint(p.out, ".SH OPTIONS OF EVERY COMMAND\n")
	for _, group := range p.parser.Groups() {
		p.options(group)
	}
	fmt.Fprint(p.out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow the command's help, with an example.\n")
	fmt.Fprint(p.out, manEnd)
}

func (p manPage) command(command *flags.Command) {
	fmt.Fprintf(p.out, ".SS %s\n\\fB%s\\fR\n", roff(command.Name), roff(usage(p.parser, command)))
	p.about(command.LongDescription)
	for _, argument := range command.Args() {
		if argument.Description != "" {
			fmt.Fprintf(p.out, ".TP\n\\fI%s\\fR\n%s\n", roff(argument.Name), roff(argument.Description))
		}
	}
	p.options(command.Group)
}

// options writes those of a group and of the groups within.
func (p manPage) options(group *flags.Group) {
	for _, option := range group.Options() {
		p.option(option)
	}
	for _, within := range group.Groups() {
		p.options(within)
	}
}

func (p manPage) option(option *flags.Option) {
	names := make([]string, 0, 2)
	if option.ShortName != 0 {
		names = append(names, fmt.Sprintf(`\fB\-%c\fR`, option.ShortName))
	}
	long := `\fB\-\-` + roff(option.LongName) + `\fR`
	if value := placeholder(option); value != "" {
		long += `=\fI` + roff(value) + `\fR`
	}
	fmt.Fprintf(p.out, ".TP\n%s\n%s", strings.Join(append(names, long), ", "), roff(option.Description))
	switch {
	case option.Required:
		fmt.Fprint(p.out, " (required)")
	case len(option.Default) > 0:
		fmt.Fprintf(p.out, " (default: %s)", roff(strings.Join(option.Default, ", ")))
	}
	if option.EnvDefaultKey != "" {
		fmt.Fprintf(p.out, " [$%s]", option.EnvDefaultKey)
	}
	fmt.Fprintln(p.out)
}

// manEnd is what the parser does not know.
const manEnd = `.SH EXIT STATUS
.TP
.B 0
Done. Orphans that something holds are no failure.
.TP
.B 1
Failed, or an interlock stopped reap, or scan could not judge.
.TP
.B 2
The command line is wrong.
.TP
.B 3
There are orphans: scan \-\-exit\-code alone.
.PP
With a process of a container attached, it is the exit status of that process.
.SH ENVIRONMENT
Each option stands with its variable, which counts where the option is not given.
.TP
.B GAOL_TARGET
Garden's address, where neither \fB\-\-target\fR nor \fBWEEDER_TARGET\fR is given.
.TP
.B NO_COLOR
No colours, if it is not empty.
.TP
.B SOURCE_DATE_EPOCH
The date of the manual page, in seconds since 1970.
.SH FILES
.TP
.I /var/vcap/data/weeder/journal\fR, \fI/var/lib/weeder/journal
The journal: the first where that directory exists.
.TP
.I /run/containerd/containerd.sock
Where containerd is asked, if it is there.
.SH SEE ALSO
.BR containerd (8),
.BR runc (8)
`
