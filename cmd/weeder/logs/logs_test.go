package logs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/logs"
)

var _ = Describe("Search", func() {
	const (
		reaped    = "1a657656-9647-4bee-54be-8505eb323b9e"
		container = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	)
	var dir string

	BeforeEach(func() { dir = GinkgoT().TempDir() })

	write := func(name, text string) string {
		GinkgoHelper()
		path := filepath.Join(dir, name)
		Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
		Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
		return path
	}
	search := func(query logs.Query) logs.Found {
		GinkgoHelper()
		if query.Globs == nil {
			query.Globs = []string{filepath.Join(dir, "*")}
		}
		found, err := logs.Search(context.Background(), query)
		Expect(err).NotTo(HaveOccurred())
		return found
	}
	messages := func(found logs.Found) []string {
		var texts []string
		for _, line := range found.Lines {
			texts = append(texts, line.Message)
		}
		return texts
	}
	line := func(second int, message, handle string) string {
		return fmt.Sprintf(`{"timestamp":"%d.5","source":"s","message":"%s","log_level":1,"data":{"handle":"%s"}}`+"\n",
			1477596534+second, message, handle)
	}

	It("reads lager's lines of 2016", func() {
		found := search(logs.Query{Globs: []string{"testdata/baggageclaim-2016.log"}, Container: container, Volumes: []string{reaped}})
		Expect(found.Problems).To(BeEmpty())
		Expect(found.Files).To(Equal([]string{"testdata/baggageclaim-2016.log"}))
		Expect(found.Lines).To(HaveExactElements(And(
			HaveField("At", BeTemporally("==", time.Unix(1477596534, 502955675))),
			HaveField("Source", "baggageclaim"), HaveField("Level", "info"),
			HaveField("Message", "baggageclaim.tick.reaping"),
			HaveField("File", "testdata/baggageclaim-2016.log"),
			HaveField("Handles", []string{reaped}))))
		Expect(found.Lines[0].Text("ttl")).To(Equal("300"))
		Expect(found.Lines[0].Text("handle")).To(Equal(reaped))
		Expect(found.Lines[0].Text("none")).To(BeEmpty())
		Expect(found.Lines[0].Names(reaped)).To(BeTrue())
		Expect(found.Lines[0].Names(container)).To(BeFalse())
	})

	It("reads lager's lines of today", func() {
		found := search(logs.Query{Globs: []string{"testdata/guardian.jsonl"}, Container: "g-fail"})
		Expect(found.Lines).To(ContainElement(And(
			HaveField("At", BeTemporally("~", time.Date(2026, 11, 20, 21, 52, 57, 917665000, time.UTC), time.Millisecond)),
			HaveField("Source", "guardian"), HaveField("Level", "error"),
			HaveField("Message", "guardian.api.garden-server.failed-to-destroy-container"))))
	})

	It("merges all files in the order of time", func() {
		write("a.log", line(1, "one", "h")+line(4, "four", "h"))
		write("b.log", line(2, "two", "h")+line(3, "three", "h"))
		Expect(messages(search(logs.Query{Container: "h"}))).To(Equal([]string{"one", "two", "three", "four"}))
	})

	It("keeps the order of lines of one time", func() {
		write("a.log", line(1, "one", "h")+line(1, "two", "h")+line(1, "three", "h"))
		Expect(messages(search(logs.Query{Container: "h"}))).To(Equal([]string{"one", "two", "three"}))
	})

	It("reads rotated and compressed files", func() {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		fmt.Fprint(zip, line(1, "oldest", "h"))
		Expect(zip.Close()).To(Succeed())
		write("a.log.2.gz", packed.String())
		write("a.log.1", line(2, "older", "h"))
		write("a.log", line(3, "new", "h"))
		Expect(messages(search(logs.Query{Container: "h"}))).To(Equal([]string{"oldest", "older", "new"}))
	})

	It("tells of a compressed file that is cut off, with what it holds", func() {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		fmt.Fprint(zip, line(1, "one", "h"))
		Expect(zip.Flush()).To(Succeed())
		path := write("a.gz", packed.String())
		found := search(logs.Query{Container: "h"})
		Expect(messages(found)).To(Equal([]string{"one"}))
		Expect(found.Problems).To(ConsistOf(MatchError(ContainSubstring(path))))
	})

	It("reads each file once, whatever leads to it", func() {
		path := write("a.log", line(1, "one", "h"))
		Expect(os.Symlink(path, filepath.Join(dir, "current"))).To(Succeed())
		found := search(logs.Query{Globs: []string{filepath.Join(dir, "*"), path}, Container: "h"})
		Expect(messages(found)).To(Equal([]string{"one"}))
		Expect(found.Files).To(HaveLen(1))
	})

	It("tells of what can't be read, and passes over directories", func() {
		write("dir/a.log", line(1, "one", "h"))
		write("b.log", line(1, "two", "h"))
		Expect(os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling"))).To(Succeed())
		found := search(logs.Query{Container: "h"})
		Expect(messages(found)).To(Equal([]string{"two"}))
		Expect(found.Problems).To(ConsistOf(MatchError(os.ErrNotExist)))
		Expect(found.Files).To(Equal([]string{filepath.Join(dir, "b.log")}))
	})

	It("refuses a malformed pattern", func() {
		_, err := logs.Search(context.Background(), logs.Query{Globs: []string{"["}})
		Expect(err).To(MatchError(filepath.ErrBadPattern))
	})

	DescribeTable("takes a handle for a whole word alone:",
		func(text string, names bool) {
			write("a.log", "before\n"+text+"\nbehind")
			Expect(search(logs.Query{Container: "abc-1"}).Lines).To(HaveLen(map[bool]int{true: 1}[names]))
		},
		Entry(nil, "abc-1", true), Entry(nil, "x abc-1 y", true), Entry(nil, "/live/abc-1/volume", true),
		Entry(nil, "abc-1.log", true), Entry(nil, `"abc-1"`, true), Entry(nil, "abc-11 then abc-1", true),
		Entry(nil, "abc-12", false), Entry(nil, "xabc-1", false), Entry(nil, "abc-1-2", false),
		Entry(nil, "-abc-1", false), Entry(nil, "abc-1_", false), Entry(nil, "ABC-1", false),
	)

	It("tells which handles a line names", func() {
		write("a.log", "a b\nb c\nd\n")
		var named [][]string
		for _, line := range search(logs.Query{Container: "a", Volumes: []string{"b", "c", ""}}).Lines {
			named = append(named, line.Handles)
		}
		Expect(named).To(Equal([][]string{{"a", "b"}, {"b", "c"}}))
	})

	It("keeps the newest lines, and counts the others", func() {
		for i := range 3 {
			write(fmt.Sprintf("%d.log", i), line(i, fmt.Sprintf("%d", i), "h")+line(i+10, fmt.Sprintf("%d", i+10), "h"))
		}
		found := search(logs.Query{Container: "h", Limit: 4})
		Expect(messages(found)).To(Equal([]string{"2", "10", "11", "12"}))
		Expect(found.Older).To(Equal(2))
	})

	DescribeTable("reads what other loggers write:",
		func(text, message string, at string) {
			write("a.log", text+"\n")
			expected := time.Time{}
			if at != "" {
				var err error
				expected, err = time.Parse(time.RFC3339, at)
				Expect(err).NotTo(HaveOccurred())
			}
			Expect(search(logs.Query{Container: "h-1"}).Lines).To(HaveExactElements(And(
				HaveField("Message", message), HaveField("At", BeTemporally("==", expected)))))
		},
		Entry("plain text", "h-1 was here", "h-1 was here", ""),
		Entry("text with a time", "2026-11-20T21:52:54Z h-1 was here", "2026-11-20T21:52:54Z h-1 was here", "2026-11-20T21:52:54Z"),
		Entry("text with a time in brackets", "[2026-11-20T21:52:54Z] h-1", "[2026-11-20T21:52:54Z] h-1", "2026-11-20T21:52:54Z"),
		Entry("text with a number", "12345 h-1", "12345 h-1", ""),
		Entry("text with seconds since 1970", "1477596534 h-1", "1477596534 h-1", "2016-10-27T19:28:54Z"),
		Entry("JSON that is not lager's", `{"msg":"h-1"}`, `{"msg":"h-1"}`, ""),
		Entry("JSON that is cut off", `{"timestamp":"1477596534.5","message":"h-1`, `{"timestamp":"1477596534.5","message":"h-1`, ""),
		Entry("lager's in Docker's", `{"log":"{\"timestamp\":\"2026-11-20T21:52:54Z\",\"message\":\"m\",\"data\":{\"handle\":\"h-1\"}}\n","stream":"stdout","time":"2026-11-20T22:00:00Z"}`, "m", "2026-11-20T21:52:54Z"),
		Entry("text in Docker's", `{"log":"h-1 was here\n","stream":"stdout","time":"2026-11-20T22:00:00Z"}`, "h-1 was here", "2026-11-20T22:00:00Z"),
		Entry("lager's in Kubernetes'", `2026-11-20T22:00:00.5Z stdout F {"timestamp":"2026-11-20T21:52:54Z","message":"m","data":{"handle":"h-1"}}`, "m", "2026-11-20T21:52:54Z"),
		Entry("text in Kubernetes'", `2026-11-20T22:00:00Z stderr F h-1 was here`, "h-1 was here", "2026-11-20T22:00:00Z"),
	)

	It("takes the time of the line before where a line tells none", func() {
		write("a.log", line(1, "one", "h")+"h: more of it\n")
		write("b.log", line(2, "two", "h"))
		Expect(messages(search(logs.Query{Container: "h"}))).To(Equal([]string{"one", "h: more of it", "two"}))
	})

	It("reads lager's error beside the data", func() {
		write("a.log", `{"timestamp":"2026-11-20T21:52:54Z","message":"m h","error":"no","level":"error"}`)
		found := search(logs.Query{Container: "h"})
		Expect(found.Lines[0].Text("error")).To(Equal("no"))
	})

	It("finds lines wherever they lie in a big file, and cuts a line without end", func() {
		var text strings.Builder
		const filler = "some other line with nothing in it at all\n"
		for i := range 40 {
			for range 2000 + 37*i {
				text.WriteString(filler)
			}
			text.WriteString(line(i, fmt.Sprintf("%d", i), "h"))
		}
		text.WriteString("h " + strings.Repeat("x", 5<<20) + " h\n")
		text.WriteString(line(50, "last", "h"))
		path := write("a.log", text.String())
		var read, of int64
		found := search(logs.Query{Container: "h", Volumes: []string{"absent"}, Progress: func(r, o int64) { read, of = r, o }})
		Expect(found.Lines).To(HaveLen(42))
		Expect(found.Lines[39].Message).To(Equal("39"))
		Expect(len(found.Lines[40].Message)).To(BeNumerically("<=", 1<<20))
		Expect(found.Lines[41].Message).To(Equal("last"))
		info, err := os.Stat(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(read).To(SatisfyAny(BeZero(), BeNumerically("<=", info.Size())))
		Expect(of).To(SatisfyAny(BeZero(), Equal(info.Size())))
	})

	It("keeps what happened, however much else there is", func() {
		var text strings.Builder
		text.WriteString(line(0, "garden-server.destroy.destroyed", "h"))
		for i := range 20 {
			text.WriteString(line(i+1, "noise", "h"))
		}
		write("a.log", text.String())
		found := search(logs.Query{Container: "h", Limit: 2})
		Expect(messages(found)).To(Equal([]string{"garden-server.destroy.destroyed", "noise", "noise"}))
		Expect(found.Older).To(Equal(18))
	})

	It("has a line once that two files have", func() {
		again := line(1, "again", "h")
		write("a.log", again+again+line(2, "two", "h"))
		write("b.log", again)
		write("c.log", strings.Replace(again, `"s"`, `"s","x":1`, 1)+line(1, "other", "h"))
		Expect(messages(search(logs.Query{Container: "h"}))).To(ConsistOf("again", "again", "other", "two"))
	})

	It("has what two files have as often as it is there where nothing tells its time", func() {
		write("a.log", "h\n")
		write("b.log", "h\n")
		Expect(messages(search(logs.Query{Container: "h"}))).To(Equal([]string{"h", "h"}))
	})

	It("does not read again a log that is rotated meanwhile", func() {
		path := write("a.log", "h: one\n"+strings.Repeat("filler of a log\n", 200_000))
		write("a.log.1", "h: two\n")
		found := search(logs.Query{Container: "h", Progress: func(_, _ int64) {
			_ = os.Rename(path, path+".1")
		}})
		Expect(messages(found)).To(Equal([]string{"h: one"}))
	})

	It("keeps as much of much data as there is room for", func() {
		var fields []string
		for i := range 20 {
			fields = append(fields, fmt.Sprintf(`"%02d-%s":["%s"]`, i, strings.Repeat("k", 1000), strings.Repeat("v", 500)))
		}
		write("a.log", `{"timestamp":"1477596534.5","message":"m h","data":{`+strings.Join(fields, ",")+`}}`)
		data := search(logs.Query{Container: "h"}).Lines[0].Data
		Expect(data).To(HaveLen(7))
		size := 0
		for key, value := range data {
			Expect(len(key)).To(BeNumerically("<=", 103))
			size += len(key) + len(fmt.Sprint(value))
		}
		Expect(size).To(BeNumerically("~", 4<<10, 500))
	})

	It("cuts what is long, after it has understood it", func() {
		long := strings.Repeat("é", 100_000)
		write("a.log", `{"timestamp":"1477596534.5","source":"`+long+`","message":"m.garden-server.create.created","data":{"a":"`+long+`","b":["`+long+`"],"`+long+`":1,`+
			`"request":{"Handle":"h","GraceTime":300000000000,"more":"`+long+`"}}}`+"\n"+long+" h\n")
		found := search(logs.Query{Container: "h"})
		Expect(found.Lines).To(HaveLen(2))
		Expect(found.Lines[0].Event).To(Equal(logs.Event{Kind: logs.Created, Detail: "300000000000"}))
		for _, line := range found.Lines {
			size := len(line.Source) + len(line.Message)
			for key, value := range line.Data {
				size += len(key) + len(fmt.Sprint(value))
			}
			Expect(size).To(BeNumerically("<", 9<<10))
			Expect(utf8.ValidString(line.Message + line.Source)).To(BeTrue())
		}
		Expect(found.Lines[0].Text("a")).To(And(HavePrefix("éé"), HaveSuffix("…")))
		Expect(found.Lines[1].Message).To(HaveSuffix("…"))
	})

	It("leaves short data as it is", func() {
		write("a.log", `{"timestamp":"1477596534.5","message":"m","data":{"handle":"h","n":12345678901234567890,"deep":{"k":[1,"two"]}}}`)
		found := search(logs.Query{Container: "h"})
		Expect(found.Lines[0].Data).To(Equal(map[string]any{"handle": "h", "n": json.Number("12345678901234567890"),
			"deep": map[string]any{"k": []any{json.Number("1"), "two"}}}))
		Expect(found.Lines[0].Text("n")).To(Equal("12345678901234567890"))
		Expect(found.Lines[0].Text("deep.none")).To(BeEmpty())
		Expect(found.Lines[0].Text("handle.none")).To(BeEmpty())
	})

	It("reads stdin last", func() {
		write("z.log", line(1, "file", "h"))
		query := logs.Query{Globs: []string{logs.Stdin, filepath.Join(dir, "*"), logs.Stdin}, Container: "h", Stdin: strings.NewReader(line(0, "stdin", "h"))}
		found := search(query)
		Expect(found.Files).To(Equal([]string{filepath.Join(dir, "z.log"), "-"}))
		Expect(messages(found)).To(Equal([]string{"stdin", "file"}))
		Expect(found.Lines[0].File).To(Equal("-"))
		Expect(found.Problems).To(BeEmpty())
	})

	It("gives what it found before its context ended", func() {
		write("a.log", line(1, "one", "h"))
		ctx, cancel := context.WithCancel(context.Background())
		found, err := logs.Search(ctx, logs.Query{Globs: []string{filepath.Join(dir, "*"), "-"}, Container: "h",
			Stdin: io.MultiReader(strings.NewReader(line(2, "two", "h")), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }))})
		Expect(err).To(MatchError(context.Canceled))
		Expect(messages(found)).To(Equal([]string{"one", "two"}))
		Expect(found.Problems).To(BeEmpty(), "an interrupt is no problem of the file")
	})

	It("tells how far it is", func() {
		write("a.log", strings.Repeat("filler of a log\n", 200_000))
		write("b.log", strings.Repeat("filler of a log\n", 100_000))
		var last, count int64
		search(logs.Query{Container: "h", Progress: func(read, of int64) {
			Expect(of).To(Equal(int64(300_000 * 16)))
			Expect(read).To(BeNumerically(">", last))
			last = read
			count++
		}})
		Expect(count).To(BeNumerically(">=", 3))
	})

	It("ends with its context", func() {
		write("a.log", line(1, "one", "h"))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := logs.Search(ctx, logs.Query{Globs: []string{filepath.Join(dir, "*")}, Container: "h"})
		Expect(err).To(MatchError(context.Canceled))
	})
})

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) { return f(into) }
