package monitoring

import (
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// selector is a metric that an expression asks for.
type selector struct {
	name     string
	matchers []matcher
}

// matcher is a condition on a label.
type matcher struct{ label, operator, value string }

// matches tells whether a label with the value fulfils the condition.
func (m matcher) matches(value string) bool {
	same := value == m.value
	if strings.HasSuffix(m.operator, "~") {
		same = regexp.MustCompile("^(?:" + m.value + ")$").MatchString(value)
	}
	return same == (m.operator[0] == '=')
}

// expression is what one of PromQL's asks for. It takes only what is written
// correctly, as promtool checks it.
type expression struct {
	selectors []selector
	// labels are those that it groups or joins by.
	labels []string
}

var (
	tokens = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|=~|!~|!=|[^\s]`)
	word   = regexp.MustCompile(`^[a-zA-Z_:]`)
)

// Words that are no metrics though no parenthesis has to come after them.
var (
	grouping = map[string]bool{"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true}
	keywords = map[string]bool{"and": true, "or": true, "unless": true, "bool": true, "offset": true,
		"sum": true, "min": true, "max": true, "count": true, "avg": true, "topk": true, "bottomk": true}
)

func parse(text string) expression {
	GinkgoHelper()
	var e expression
	rest := tokens.FindAllString(text, -1)
	next := func() string {
		if len(rest) == 0 {
			return ""
		}
		return rest[0]
	}
	take := func() string {
		GinkgoHelper()
		Expect(rest).NotTo(BeEmpty(), "%s ends too soon", text)
		token := rest[0]
		rest = rest[1:]
		return token
	}
	for len(rest) > 0 {
		token := take()
		switch {
		case token == "[":
			for take() != "]" {
				continue
			}
		case !word.MatchString(token), keywords[token]:
		case grouping[token]:
			if next() != "(" {
				continue
			}
			for take(); next() != ")"; {
				if label := take(); label != "," {
					e.labels = append(e.labels, label)
				}
			}
			take()
		case next() == "(":
		default:
			found := selector{name: token}
			if next() == "{" {
				for take(); next() != "}"; {
					if next() == "," {
						take()
						continue
					}
					found.matchers = append(found.matchers, matcher{label: take(), operator: take(), value: strings.Trim(take(), `"`)})
				}
				take()
			}
			e.selectors = append(e.selectors, found)
		}
	}
	return e
}

var _ = Describe("what an expression asks for", func() {
	It("is found in it", func() {
		Expect(parse(`topk(20, sum by (instance, by) (rate(a_total{x="1", y!~"b|c,d"}[5m] offset 3h)) / on (job) group_left max(b:c) > 2.5 * 2^30) or vector(1) unless d`)).
			To(Equal(expression{
				selectors: []selector{
					{name: "a_total", matchers: []matcher{{"x", "=", "1"}, {"y", "!~", "b|c,d"}}}, {name: "b:c"}, {name: "d"},
				},
				labels: []string{"instance", "by", "job"},
			}))
	})

	DescribeTable("can have conditions on labels",
		func(operator, value string, yes, no []string) {
			m := matcher{"label", operator, value}
			for _, v := range yes {
				Expect(m.matches(v)).To(BeTrue(), v)
			}
			for _, v := range no {
				Expect(m.matches(v)).To(BeFalse(), v)
			}
		},
		Entry("equal", "=", "a|b", []string{"a|b"}, []string{"a", "b", ""}),
		Entry("not equal", "!=", "a", []string{"b", "aa"}, []string{"a"}),
		Entry("matching", "=~", "a|b", []string{"a", "b"}, []string{"ab", "ca", "c"}),
		Entry("not matching", "!~", "a|b", []string{"ab", "c"}, []string{"a", "b"}),
	)
})
