package lake

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"exporter/fault"
)

// files is a store in a folder. What compares and writes holds a lock on the folder
// itself, so that nothing has to be left in it. The generation of a document is a
// hash of its content, that of any other object the time it was written.
type files struct {
	dir  string
	wait time.Duration // for the lock
}

var _ store = (*files)(nil)

func openFiles(c *FilesConfig) (*files, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fault.New(fault.Config, "find %s: %w", c.Dir, err)
	}
	return &files{dir: dir, wait: 30 * time.Second}, nil
}

func (f *files) at() string               { return f.dir }
func (f *files) close() error             { return nil }
func (f *files) path(name string) string  { return filepath.Join(f.dir, filepath.FromSlash(name)) }
func hidden(name string) bool             { return strings.HasPrefix(name, ".") }
func generationOf(info os.FileInfo) int64 { return info.ModTime().UnixNano() }
func (f *files) wrap(err error, what, name string) error {
	if err == nil {
		return nil
	}
	path := f.path(name)
	class, hint := fault.Transient, ""
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		class, hint = fault.Config, fmt.Sprintf("Let user %d read and write %s and what is in it, on a file system that is not mounted read-only, or name another folder in dir of the sink.", os.Geteuid(), f.dir)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EISDIR):
		class, hint = fault.Config, "Correct dir of the sink, or move away what is at that path."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = fmt.Sprintf("Free space on the file system of %s. Nothing that was committed is lost; the load is tried again.", f.dir)
	default:
		hint = fmt.Sprintf("Check the file system of %s (kernel log, mount). The load is tried again.", f.dir)
	}
	return fault.New(class, "%s %s: %w", what, path, err).WithHint("%s", hint)
}

func (f *files) list(ctx context.Context, prefix, first, end string) ([]entry, error) {
	root := strings.TrimSuffix(prefix[:strings.LastIndexByte(prefix, '/')+1], "/")
	var list []entry
	err := filepath.WalkDir(f.path(root), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since its folder was read
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		rel, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if len(name) > len(root) && (first != "" && name+"0" <= first || end != "" && name >= end) { // "0" comes after "/"
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(name, prefix) || name < first || end != "" && name >= end || hidden(d.Name()) {
			return nil
		}
		info, err := d.Info()
		if err == nil {
			list = append(list, entry{name: name, generation: generationOf(info), size: info.Size()})
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return list, f.wrap(err, "list", root)
}

func (f *files) folders(context.Context) ([]string, error) {
	found, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, f.wrap(err, "list", "")
	}
	var list []string
	for _, d := range found {
		if d.IsDir() {
			list = append(list, d.Name())
		}
	}
	return list, nil
}

func (f *files) stat(_ context.Context, name string) (entry, error) {
	info, err := os.Stat(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, errGone
	}
	if err != nil {
		return entry{}, f.wrap(err, "look for", name)
	}
	return entry{name: name, generation: generationOf(info), size: info.Size()}, nil
}

func (f *files) read(_ context.Context, name string) ([]byte, int64, error) {
	content, err := os.ReadFile(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, errGone
	}
	if err != nil {
		return nil, 0, f.wrap(err, "read", name)
	}
	h := fnv.New64a()
	h.Write(content)
	return content, int64(h.Sum64()>>2) + 1, nil
}

func (f *files) put(ctx context.Context, name string, content []byte, was int64) (int64, error) {
	unlock, err := f.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	_, now, err := f.read(ctx, name)
	if err != nil && !errors.Is(err, errGone) {
		return 0, err
	}
	if now != was {
		return 0, errMoved
	}
	err = f.replace(name, func(temp string) error {
		return write(temp, func(w io.Writer) error { _, err := w.Write(content); return err })
	})
	if err != nil {
		return 0, f.wrap(err, "write", name)
	}
	_, now, err = f.read(ctx, name)
	return now, err
}

// replace makes a file under another name in the same folder, and renames it.
func (f *files) replace(name string, fill func(temp string) error) (err error) {
	path := f.path(name)
	temp := filepath.Join(filepath.Dir(path), ".temp-"+filepath.Base(path))
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a process that was killed
		return err
	}
	if err := f.inFolder(path, func() error { return fill(temp) }); err != nil {
		return errors.Join(err, f.discard(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, f.discard(temp))
	}
	return syncFolder(filepath.Dir(path))
}

// discard removes a file, and folders that were for it alone.
func (f *files) discard(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	for len(dir) > len(f.dir) && os.Remove(dir) == nil { // until somebody has something in it
		dir = filepath.Dir(dir)
	}
	return nil
}

// inFolder makes the folder of a file and does something in it, again if somebody
// removes the folder in between because it is empty.
func (f *files) inFolder(path string, do func() error) error {
	for tries := 0; ; tries++ {
		err := f.makeFolder(filepath.Dir(path))
		if err == nil {
			err = do()
		}
		if tries == 100 || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// makeFolder makes a folder below the store's durable. That of the store itself is
// made too, but not the one that it is in, which may be a disk that is not mounted.
func (f *files) makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o777)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && len(dir) > len(f.dir):
		if err := f.makeFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		return f.makeFolder(dir)
	case err != nil:
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

func (f *files) publish(ctx context.Context, from entry, name string, was int64) (entry, error) {
	unlock, err := f.lock(ctx)
	if err != nil {
		return entry{}, err
	}
	defer unlock()
	now, err := f.stat(ctx, name)
	if err != nil && !errors.Is(err, errGone) {
		return entry{}, err
	}
	if now.generation != was {
		return entry{}, errMoved
	}
	if at, err := f.stat(ctx, from.name); err != nil {
		return entry{}, err
	} else if at.generation != from.generation {
		return entry{}, errGone
	}
	err = f.replace(name, func(temp string) error { return double(f.path(from.name), temp) })
	if err != nil {
		return entry{}, f.wrap(err, "write", name)
	}
	return f.stat(ctx, name)
}

// double gives a file a second name, so that it keeps the first until the manifest
// says otherwise. Where a file has one name only it is copied.
func double(from, to string) error {
	if linked := os.Link(from, to) == nil; linked {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // was only read
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if err := write(to, func(w io.Writer) error { _, err := io.Copy(w, source); return err }); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// write makes a durable file.
func write(path string, fill func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := fill(file); err != nil {
		return err
	}
	return file.Sync()
}

func (f *files) remove(ctx context.Context, name string, generation int64) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	now, err := f.stat(ctx, name)
	if err == nil && strings.HasSuffix(name, ".json") {
		_, now.generation, err = f.read(ctx, name)
	}
	if errors.Is(err, errGone) || err == nil && now.generation != generation {
		return nil
	}
	if err == nil {
		err = f.wrap(f.discard(f.path(name)), "remove", name)
	}
	return err
}

// check makes a file where a load would, and removes it.
func (f *files) check(context.Context) error {
	dir := f.dir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir = filepath.Dir(dir)
	case err == nil && !info.IsDir():
		return f.wrap(syscall.ENOTDIR, "open", "")
	}
	temp, err := os.CreateTemp(dir, ".exporter-check-")
	if err != nil {
		return f.missing(err)
	}
	_, err = temp.WriteString("check")
	return f.wrap(errors.Join(err, temp.Sync(), temp.Close(), os.Remove(temp.Name())), "write to", "")
}
