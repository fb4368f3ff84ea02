package nearest_test

import (
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/nearest"
)

func TestNearest(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Nearest")
}

const (
	uuid  = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	other = "0c4a16c8-3d5b-4f0a-6f0e-9a5e2f6d7b11"
)

var _ = DescribeTable("To finds, for", func(typed string, names []string, found ...string) {
	Expect(nearest.To(typed, names)).To(HaveExactElements(found))
},
	Entry("the beginning of one", "eb8f2bbf", []string{other, uuid}, uuid),
	Entry("a single character that one begins with", "e", []string{other, uuid}, uuid),
	Entry("the beginning of one in capitals", "EB8F2BBF", []string{other, uuid}, uuid),
	Entry("the beginning of one with capitals", "eb8f2bbf", []string{strings.ToUpper(uuid)}, strings.ToUpper(uuid)),
	Entry("what one contains", "548c9133", []string{other, uuid}, uuid),
	Entry("what contains one", uuid+":", []string{other, uuid}, uuid),
	Entry("what contains one, and much besides", "web-frontend is the one that I mean", []string{"web-frontend"}, "web-frontend"),
	Entry("what is too long, even if it contains one", strings.Repeat("x", 300)+uuid, []string{uuid}),
	Entry("a wrong character", "eb8f2bbf-86e1-4603-4881-548c9133aa63", []string{other, uuid}, uuid),
	Entry("two characters the wrong way round", "be8f2bbf-86e1-4603-4881-548c9133aa62", []string{other, uuid}, uuid),
	Entry("a wrong character in the beginning of one", "eb8f2bbe", []string{other, uuid}, uuid),
	Entry("a missing character in the beginning of one", "eb8f2bf-86e1", []string{other, uuid}, uuid),
	Entry("two errors in a short name, none", "wbe", []string{"db-1", "web"}),
	Entry("one error in a short name", "wab", []string{"db-1", "web"}, "web"),

	Entry("what several begin with, sorted", "web", []string{"web-2", "db-1", "web-1"}, "web-1", "web-2"),
	Entry("what many begin with, three", "web", []string{"web-4", "web-3", "web-2", "web-1"}, "web-1", "web-2", "web-3"),
	Entry("what one begins with, not those that contain it", "web", []string{"my-web", "web-1", "wep"}, "web-1"),
	Entry("what one contains, not those with errors", "web", []string{"my-web", "wep"}, "my-web"),
	Entry("several with errors, the nearest first", "worker-web", []string{"workerwep", "worker-wep", "worker-wab"}, "worker-wab", "worker-wep", "workerwep"),

	Entry("what is too far from all, none", "nobody", []string{"healthy", "leaked", uuid}),
	Entry("as many errors as there may be", "worker-abc-1", []string{"worker-xyz-1"}, "worker-xyz-1"),
	Entry("one error more, none", "worker-abcd1", []string{"worker-wxyz1"}),
	Entry("another UUID, none", other, []string{uuid}),
	Entry("two characters, only those that begin with them", "86", []string{uuid}),
	Entry("what contains one that is too short to tell", "nobody", []string{"no", "bo"}),
	Entry("nothing, none", "", []string{uuid, ""}),
	Entry("something, no empty name", "web", []string{""}),
	Entry("no names, none", "web", nil),
	Entry("what is too long to compare, none", strings.Repeat("x", 1<<20), []string{uuid, strings.Repeat("x", 1<<20)}),
)

var _ = It("To leaves the names as they are", func() {
	names := []string{"web-2", "Web-1"}
	nearest.To("web", names)
	Expect(names).To(Equal([]string{"web-2", "Web-1"}))
})
