package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the pattern that stands for Query.Stdin, and the name of what was
// found there.
const Stdin = "-"

// file is one to be read.
type file struct {
	path string
	info os.FileInfo
	// from is what is read in place of a file.
	from io.Reader
}

// resolve gives the files of a query, each once, whatever its names, and stdin
// last.
func resolve(query Query) (files []file, problems []error, err error) {
	fromStdin := false
	for _, glob := range query.Globs {
		if glob == Stdin {
			fromStdin = query.Stdin != nil
			continue
		}
		paths, err := filepath.Glob(glob)
		if err != nil {
			return nil, nil, fmt.Errorf("read the pattern %q: %w", glob, err)
		}
		if len(paths) == 0 {
			problems = append(problems, forbidden(glob)...)
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			switch {
			case err != nil:
				problems = append(problems, fmt.Errorf("read logs: %w", err))
			case !info.Mode().IsRegular():
			case already(files, info):
			default:
				files = append(files, file{path: path, info: info})
			}
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	if fromStdin {
		files = append(files, file{path: Stdin, from: query.Stdin})
	}
	return files, problems, nil
}

func already(files []file, info os.FileInfo) bool {
	return slices.ContainsFunc(files, func(f file) bool { return os.SameFile(f.info, info) })
}

// forbidden tells that a pattern may have no files only since its directory
// must not be read: filepath.Glob is silent about that.
func forbidden(glob string) []error {
	dir := filepath.Dir(glob)
	for strings.ContainsAny(dir, `*?[\`) {
		dir = filepath.Dir(dir)
	}
	opened, err := os.Open(dir)
	if err == nil {
		opened.Close()
	}
	if errors.Is(err, fs.ErrPermission) {
		return []error{fmt.Errorf("read logs: %w", err)}
	}
	return nil
}

func total(files []file) int64 {
	var sum int64
	for _, file := range files {
		if file.info != nil {
			sum += file.info.Size()
		}
	}
	return sum
}

var gzipMagic = []byte{0x1f, 0x8b}

// open opens a file; one that was renamed meanwhile, and is among those that
// were read already, is nil.
func (f file) open(seen *[]file) (io.ReadCloser, error) {
	if f.from != nil {
		return io.NopCloser(f.from), nil
	}
	opened, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err != nil || !info.Mode().IsRegular() || already(*seen, info) {
		opened.Close()
		return nil, err
	}
	*seen = append(*seen, file{path: f.path, info: info})
	return opened, nil
}

// read gives the lines that name a handle, with the handles that they name.
func (f file) read(ctx context.Context, meter *meter, seen *[]file, needles needles, found func(text []byte, handles []string)) error {
	opened, err := f.open(seen)
	if err != nil {
		return fmt.Errorf("read logs: %w", err)
	}
	if opened == nil {
		return nil
	}
	defer opened.Close()

	plain := bufio.NewReaderSize(&metered{ctx: ctx, from: opened, meter: meter}, 64<<10)
	var from io.Reader = plain
	if magic, _ := plain.Peek(len(gzipMagic)); bytes.Equal(magic, gzipMagic) {
		unpacked, err := gzip.NewReader(plain)
		if err != nil {
			return fmt.Errorf("unpack %s: %w", f.path, err)
		}
		from = unpacked
	}
	if err := needles.search(from, found); err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	return nil
}

// meter counts what is read, and tells it now and then.
type meter struct {
	tell           func(read, of int64)
	read, of, told int64
}

const tellEach = 1 << 20

func (m *meter) add(n int) {
	m.read += int64(n)
	if m.tell != nil && m.read-m.told >= tellEach {
		m.told = m.read
		m.tell(m.read, max(m.of, m.read))
	}
}

// metered is a reader that ends with a context.
type metered struct {
	ctx   context.Context
	from  io.Reader
	meter *meter
}

func (m *metered) Read(into []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(into)
	m.meter.add(n)
	return n, err
}
