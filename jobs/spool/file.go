package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/klauspost/compress/s2"
	"github.com/zeebo/xxh3"

	"exporter/record"
)

// A frame is 4 bytes length and 8 bytes xxh3 of the compressed block, little-endian, then the block.
const frameHead = 12

// Endings of the files that hold rows.
const (
	rowsSuffix    = ".rows"
	rejectsSuffix = ".rejects"
)

func isData(name string) bool {
	ext := filepath.Ext(name)
	return ext == rowsSuffix || ext == rejectsSuffix
}

// maxFrame bounds what a damaged length can make us allocate.
const maxFrame = 1 << 30

// file is an append-only file of frames.
type file struct {
	f     *os.File
	size  int64
	chain uint64 // of the frames since the last synced checkpoint
	dirty bool
	block []byte
}

// link adds the checksum of a frame to a chain: two chains are equal if they are of
// the same frames in the same order.
func link(chain, sum uint64) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], chain)
	binary.LittleEndian.PutUint64(b[8:], sum)
	return xxh3.Hash(b[:])
}

func openFile(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{f: f, size: size}, nil
}

// append writes one frame and returns its bytes on disk.
func (f *file) append(data []byte) (int64, error) {
	if need := frameHead + s2.MaxEncodedLen(len(data)); cap(f.block) < need {
		f.block = make([]byte, need)
	}
	f.block = f.block[:cap(f.block)]
	block := s2.Encode(f.block[frameHead:], data)
	binary.LittleEndian.PutUint32(f.block, uint32(len(block)))
	sum := xxh3.Hash(block)
	binary.LittleEndian.PutUint64(f.block[4:], sum)
	n, err := f.f.WriteAt(f.block[:frameHead+len(block)], f.size)
	f.size += int64(n)
	f.chain = link(f.chain, sum)
	f.dirty = true
	return int64(n), err
}

func (f *file) sync() error {
	if !f.dirty {
		return nil
	}
	f.dirty = false
	return f.f.Sync()
}

// truncate cuts the file to size and returns how many bytes that freed.
func (f *file) truncate(size int64) (int64, error) {
	if f.size < size {
		return 0, fmt.Errorf("%w: %s has %d of %d bytes", record.ErrCorrupt, f.f.Name(), f.size, size)
	}
	freed := f.size - size
	f.size = size
	if freed == 0 {
		return 0, nil
	}
	return freed, f.f.Truncate(size)
}

// batches yields the frames within size, decoded into one reused batch.
func (f *file) batches(size int64) iter.Seq2[*record.Batch, error] {
	return func(yield func(*record.Batch, error) bool) {
		var (
			batch      record.Batch
			head       [frameHead]byte
			block, raw []byte
		)
		for at := int64(0); at < size; {
			err := readFrame(f.f, at, size, head[:], &block, &raw)
			if err == nil {
				err = batch.Decode(raw)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s at byte %d: %w", f.f.Name(), at, err))
				return
			}
			at += frameHead + int64(len(block))
			if !yield(&batch, nil) {
				return
			}
		}
	}
}

func readFrame(f io.ReaderAt, at, size int64, head []byte, block, raw *[]byte) error {
	if _, err := f.ReadAt(head, at); err != nil {
		return errors.Join(record.ErrCorrupt, err)
	}
	n := int64(binary.LittleEndian.Uint32(head))
	if n > maxFrame || at+frameHead+n > size {
		return fmt.Errorf("%w: frame of %d bytes", record.ErrCorrupt, n)
	}
	if int64(cap(*block)) < n {
		*block = make([]byte, n)
	}
	*block = (*block)[:n]
	if _, err := f.ReadAt(*block, at+frameHead); err != nil {
		return errors.Join(record.ErrCorrupt, err)
	}
	if xxh3.Hash(*block) != binary.LittleEndian.Uint64(head[4:]) {
		return fmt.Errorf("%w: checksum differs", record.ErrCorrupt)
	}
	out, err := s2.Decode((*raw)[:cap(*raw)], *block)
	if err != nil {
		return errors.Join(record.ErrCorrupt, err)
	}
	*raw = out
	return nil
}

// replaceFile puts data in the place of a file so that the end of the process leaves
// either the old or the new content, and with sync a power cut too.
func replaceFile(path string, data []byte, sync bool) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil || !sync {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *Spool) openFiles() error {
	s.files = nil
	for i := range 2 * len(s.spec.Tables) {
		kind := rowsSuffix
		if i%2 == 1 {
			kind = rejectsSuffix
		}
		f, err := openFile(filepath.Join(s.dir, strconv.Itoa(i/2)+kind))
		if err != nil {
			return s.fail("open", err)
		}
		s.files = append(s.files, f)
	}
	var err error
	if s.journal, err = openFile(filepath.Join(s.dir, journalName)); err != nil {
		return s.fail("open", err)
	}
	return nil
}

// Batches yields what is durable, table after table, each table's rejects after
// its rows. The batch is valid until the next one. A damaged file ends the
// sequence with record.ErrCorrupt.
func (s *Spool) Batches() iter.Seq2[*record.Batch, error] {
	return func(yield func(*record.Batch, error) bool) {
		for i, f := range s.files {
			for b, err := range f.batches(s.state.Files[i].Bytes) {
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
	}
}

// FirstReject tells for which column a row could not be typed, and why; "" if there
// is none or it cannot be read.
func (s *Spool) FirstReject() (column, reason string) {
	shape := record.Table{}.Rejects()
	for i := 1; i < len(s.files); i += 2 {
		for b, err := range s.files[i].batches(s.state.Files[i].Bytes) {
			if err != nil {
				return "", ""
			}
			c, _ := b.Cell(0, shape.Column("column"))
			r, _ := b.Cell(0, shape.Column("reason"))
			return string(c), string(r)
		}
	}
	return "", ""
}

// Close gives up the files and keeps them.
func (s *Spool) Close() error {
	var err error
	if s.loose && s.owned() == nil {
		last := s.state
		last.Files = slices.Clone(last.Files)
		err = s.sync(&last)
	}
	return errors.Join(err, s.release())
}

// release closes the files.
func (s *Spool) release() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.f.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.f.Close())
	}
	if s.owner != nil {
		errs = append(errs, s.owner.Close())
	}
	s.files, s.journal, s.owner, s.loose = nil, nil, nil, false
	return errors.Join(errs...)
}

// Remove deletes the spool: every sink has what it holds. Of one that another process
// has opened since, the files are that one's.
func (s *Spool) Remove() error {
	if s.owned() != nil {
		return s.release()
	}
	return errors.Join(s.release(), s.removeFiles())
}

func (s *Spool) removeFiles() error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && isData(e.Name()) {
			s.root.used.Add(-info.Size())
		}
	}
	return os.RemoveAll(s.dir)
}
