package lake

import (
	"bufio"
	"context"
	"errors"
	"os"
	"time"
)

// file is an object of [files] on its way.
type file struct {
	store *files
	name  string
	out   *os.File
	buf   *bufio.Writer
}

func (f *files) stage(_ context.Context, name string) (staged, error) {
	if err := f.makeFolder(f.dir); err != nil {
		return nil, f.missing(err)
	}
	s := &file{store: f, name: name}
	path := f.path(name)
	err := f.inFolder(path, func() (err error) {
		s.out, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		return err
	})
	if err != nil {
		return nil, f.wrap(err, "create", name)
	}
	s.buf = bufio.NewWriterSize(s.out, 256<<10)
	return s, nil
}

// Write implements io.Writer.
func (s *file) Write(p []byte) (int, error) {
	n, err := s.buf.Write(p)
	return n, s.store.wrap(err, "write", s.name)
}

func (s *file) finish(int64, uint32) (entry, error) {
	err := s.buf.Flush()
	if err == nil {
		// The clock of a file system may stand still between two loads.
		at := time.Now()
		err = os.Chtimes(s.out.Name(), at, at)
	}
	err = errors.Join(err, s.out.Sync(), s.out.Close())
	if err == nil {
		err = syncFolder(s.store.path(parent(s.name)))
	}
	if err != nil {
		return entry{}, s.store.wrap(err, "write", s.name)
	}
	return s.store.stat(context.Background(), s.name)
}

func (s *file) drop() {
	_ = s.out.Close()                 // it goes
	_ = s.store.discard(s.out.Name()) // or the next load of the slice does it
}
