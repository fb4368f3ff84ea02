package containerd_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("Properties from labels",
	func(ctx SpecContext, labels, properties map[string]string) {
		fake := newFake()
		labelled := container("c-1", spec)
		labelled.Labels = labels
		fake.has(labelled)

		sightings, err := fake.client().Inspect(ctx, []string{"c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-1"].Properties).To(Equal(properties))
	},
	Entry("none", nil, map[string]string{}),
	Entry("in one part each",
		map[string]string{"user.0": "root", "garden.grace-time.0": "300000000000"},
		map[string]string{"user": "root", "garden.grace-time": "300000000000"}),
	Entry("in more parts than a digit counts",
		map[string]string{
			"p.0": "a", "p.1": "b", "p.2": "c", "p.3": "d", "p.4": "e", "p.5": "f",
			"p.6": "g", "p.7": "h", "p.8": "i", "p.9": "j", "p.10": "k", "p.11": "l",
		},
		map[string]string{"p": "abcdefghijkl"}),
	Entry("as long as labels can be",
		map[string]string{"p.0": strings.Repeat("a", 4093), "p.1": "ü"},
		map[string]string{"p": strings.Repeat("a", 4093) + "ü"}),
	Entry("up to a part that is missing",
		map[string]string{"p.0": "a", "p.2": "c"},
		map[string]string{"p": "a"}),
	Entry("without their beginning", map[string]string{"p.1": "b", "example.com/v1.7": "x"}, map[string]string{}),
	Entry("with dots and numbers in their names",
		map[string]string{"a.b.0": "1", "a.b.0.0": "2", "v1.0.1.0": "3", "p.00": "4", "p.-1": "5"},
		map[string]string{"a.b": "1", "a.b.0": "2", "v1.0.1": "3", "p.00": "4", "p.-1": "5"}),
	Entry("empty ones, of which Garden would not tell", map[string]string{"p.0": ""}, map[string]string{"p": ""}),
	Entry("not split, as before Concourse 7.4",
		map[string]string{"user": "root", "garden.grace-time": "300000000000"},
		map[string]string{"user": "root", "garden.grace-time": "300000000000"}),
	Entry("split and not: the parts count",
		map[string]string{"a": "x", "a.0": "1", "b": "x", "b.0": "2", "c": "x", "c.0": "3", "d": "x", "d.0": "4", "e": "x", "e.0": "5"},
		map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}),
)
