package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// fileLock is the OS lock on <state>.lock. The kernel frees it when its holder
// ends, however it ends; a paused process keeps it.
type fileLock struct {
	file *os.File
	id   string // device and inode: tells the file from one that was deleted and made anew
}

func (s *Store) lockPath() string { return s.path + ".lock" }

// tryLock returns nil without an error if another process has the lock.
func tryLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, classifyFile(err, "open lock file", path)
	}
	l, err := lockOpen(f, path)
	if l == nil {
		err = errors.Join(err, f.Close())
	}
	return l, err
}

func lockOpen(f *os.File, path string) (*fileLock, error) {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	mine, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// A lock on a file that was deleted in between excludes nobody.
	there, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // as if another had the lock: the next try makes the file anew
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	case !os.SameFile(mine, there):
		return nil, nil
	}
	l := &fileLock{file: f}
	if st, ok := mine.Sys().(*syscall.Stat_t); ok {
		l.id = fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	}
	return l, nil
}

// identity names the lock file; "" without a lock.
func (l *fileLock) identity() string {
	if l == nil {
		return ""
	}
	return l.id
}

// close frees the lock; nil is none.
func (l *fileLock) close() error {
	if l == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("free the lock %s: %w", l.file.Name(), err)
	}
	return nil
}
