package bosh_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// object is a JSON object, or a manifest's properties.
type object map[string]any

// instance is what BOSH tells templates of where they are for.
var instance = object{"ip": "10.0.16.4", "address": "10.0.16.4", "name": "worker"}

// render renders a job's files as BOSH does; by their paths in the job, and monit's
// as "monit". The error is what the operator would read.
func render(directory string, properties, spec object) (map[string]string, error) {
	GinkgoHelper()
	return renderLinked(directory, object{"properties": properties, "spec": spec})
}

func renderLinked(directory string, input object) (map[string]string, error) {
	GinkgoHelper()
	need("ruby")
	data, err := json.Marshal(input)
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command("ruby", "--disable-gems", "render.rb", directory)
	var out, said bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(data), &out, &said
	err = command.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return nil, errors.New(strings.TrimSpace(said.String()))
	}
	Expect(err).NotTo(HaveOccurred())
	var rendered map[string]string
	Expect(json.Unmarshal(out.Bytes(), &rendered)).To(Succeed())
	return rendered, nil
}

// rendered is render for properties without a mistake.
func rendered(properties object) map[string]string {
	GinkgoHelper()
	files, err := render(job, properties, instance)
	Expect(err).NotTo(HaveOccurred())
	return files
}

// yamlFile is what a YAML file says.
func yamlFile(path string, into any) {
	GinkgoHelper()
	need("ruby")
	text := ran(exec.Command("ruby", "--disable-gems", "-ryaml", "-rjson", "-e",
		"puts JSON.generate(YAML.safe_load(File.read(ARGV[0]), aliases: true))", path))
	Expect(json.Unmarshal([]byte(text), into)).To(Succeed())
}

var _ = Describe("render.rb", func() {
	// made is a job with one template, and the spec's rest after its name.
	made := func(template, spec string) string {
		GinkgoHelper()
		directory := filepath.Join(GinkgoT().TempDir(), "made")
		Expect(os.MkdirAll(filepath.Join(directory, "templates"), 0o755)).To(Succeed())
		for name, text := range map[string]string{
			"monit": "", "spec": "name: made\ntemplates: {t.erb: t}\n" + spec, "templates/t.erb": template,
		} {
			Expect(os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644)).To(Succeed())
		}
		return directory
	}

	DescribeTable("renders as BOSH does",
		func(template string, properties object, expected string) {
			files, err := render(made(template, "properties: {a: {default: 1}, b: {}, c.d: {}}"), properties, instance)
			Expect(err).NotTo(HaveOccurred())
			Expect(files).To(HaveKeyWithValue("t", expected))
		},
		Entry("a default", "<%= p('a') %>", object{}, "1"),
		Entry("a value in a default's place", "<%= p('a') %>", object{"a": 2}, "2"),
		Entry("null for not set", "<%= p('a') %>", object{"a": nil}, "1"),
		Entry("false for set", "<% if_p('b') { |b| %><%= b %><% } %>", object{"b": false}, "false"),
		Entry("a default of the template", "<%= p('b', 'x') %>", object{}, "x"),
		Entry("the first that is set", "<%= p(%w[b c.d]) %>", object{"c": object{"d": "y"}}, "y"),
		Entry("what follows an if_p", "<% if_p('b') { } .else do %>none<% end %>", object{}, "none"),
		Entry("what follows an if_p in turn", "<% if_p('b') { } .else_if_p('a') do |a| %><%= a %><% end %>", object{}, "1"),
		Entry("no newline after -%>", "<% if true -%>\nx\n<% end -%>\n", object{}, "x\n"),
		Entry("what is known of the instance", "<%= spec.ip %> <%= name %>", object{}, "10.0.16.4 worker"),
		Entry("all properties", "<%= properties.c.d %>", object{"c": object{"d": "y"}}, "y"),
		Entry("no property that the spec does not declare", "<%= properties.e %>", object{"e": "z"}, ""),
	)

	DescribeTable("fails",
		func(template string, properties object, expected string) {
			_, err := render(made(template, "properties: {a: {}, c.d: {}}"), properties, instance)
			Expect(err).To(MatchError(expected))
		},
		Entry("for a property that is not set", "\n<%= p('a') %>", object{}, `Error filling in template 't.erb' (line 2: Can't find property '["a"]')`),
		Entry("for p of one not declared", "<%= p('e', 1) %>", object{},
			"Error filling in template 't.erb' (line 1: Property 'e' is read and the spec does not declare it)"),
		Entry("for if_p of one not declared", "<% if_p('e') { } %>", object{"e": 1},
			"Error filling in template 't.erb' (line 1: Property 'e' is read and the spec does not declare it)"),
		Entry("for a value where a group belongs", "", object{"c": "x"}, "Property 'c.d' expects a hash, but received 'String'"),
		Entry("for a link not consumed", "<%= link('l') %>", object{},
			"Error filling in template 't.erb' (line 1: Link 'l' is read and the spec does not consume it)"),
	)

	It("hands over links", func() {
		directory := made("<% if_link('l') do |l| %><%= l.instances.map(&:address).join(' ') %> <%= l.p('listen.port') %><% end %>",
			"consumes: [{name: l, type: l, optional: true}]")
		files, err := renderLinked(directory, object{"spec": instance, "links": object{"l": object{
			"instances":  []object{{"address": "10.0.16.4"}, {"address": "10.0.16.5"}},
			"properties": object{"listen": object{"port": 7790}},
		}}})
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(HaveKeyWithValue("t", "10.0.16.4 10.0.16.5 7790"))

		Expect(renderLinked(directory, object{"spec": instance})).To(HaveKeyWithValue("t", ""))
	})
})
