package process

import (
	"io"
	"os"
	"sync"
)

// output is written to all that are attached to it by then; one that fails is no concern of the
// process or of the others.
type output struct {
	mutex   sync.Mutex
	writers []io.Writer
}

func (o *output) attach(writer io.Writer) {
	if writer == nil {
		return
	}

	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.writers = append(o.writers, writer)
}

func (o *output) Write(data []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()

	for _, writer := range o.writers {
		_, _ = writer.Write(data)
	}

	return len(data), nil
}

// input is what the process reads: what any of the attached readers says. Guardian closes it when the
// last of them has come to its end, be that a lost connection; a terminal it leaves as it is then.
type input struct {
	terminal bool
	to       *os.File

	mutex   sync.Mutex
	last    int
	readers map[int]io.Reader
	ended   bool
	copies  sync.WaitGroup
}

func (i *input) attach(reader io.Reader) {
	if reader == nil {
		return
	}

	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.ended {
		closeReader(reader)
		return
	}

	if i.readers == nil {
		i.readers = map[int]io.Reader{}
	}
	i.last++
	i.readers[i.last] = reader
	// Who can't be told to close may say nothing for ever, and is not waited for.
	if _, ok := reader.(io.Closer); ok {
		i.copies.Add(1)
	}
	go i.copy(i.last, reader)
}

func (i *input) copy(key int, reader io.Reader) {
	if _, ok := reader.(io.Closer); ok {
		defer i.copies.Done()
	}

	// What a process does not take is read all the same: garden/server stops looking for signals when
	// nobody reads.
	if _, err := io.Copy(i.to, reader); err != nil {
		_, _ = io.Copy(io.Discard, reader)
	}

	i.mutex.Lock()
	defer i.mutex.Unlock()
	delete(i.readers, key)
	if len(i.readers) == 0 && !i.terminal {
		i.to.Close()
	}
}

// end closes what the process would have read, and what is attached.
func (i *input) end() {
	i.mutex.Lock()
	i.ended = true
	i.to.Close()
	for _, reader := range i.readers {
		closeReader(reader)
	}
	i.mutex.Unlock()

	i.copies.Wait()
}

func closeReader(reader io.Reader) {
	if closer, ok := reader.(io.Closer); ok {
		closer.Close()
	}
}
