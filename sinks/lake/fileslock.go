package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"exporter/fault"
)

// lockPoll is the time between tries to get the lock, which is held for moments.
const lockPoll = 2 * time.Millisecond

// lock takes the store for the caller alone, among all processes.
func (f *files) lock(ctx context.Context) (unlock func(), err error) {
	if err := f.makeFolder(f.dir); err != nil {
		return nil, f.missing(err)
	}
	dir, err := os.Open(f.dir)
	if err != nil {
		return nil, f.wrap(err, "open", "")
	}
	give := time.NewTimer(f.wait)
	defer give.Stop()
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = dir.Close() }, nil // ends the lock
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(f.wrap(err, "lock", ""), dir.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), dir.Close())
		case <-give.C:
			err := fault.New(fault.Transient, "another process keeps %s locked", f.dir).
				WithHint(`Continue or end it ("fuser -v" on the folder names it). The load is tried again.`)
			return nil, errors.Join(err, dir.Close())
		case <-time.After(lockPoll):
		}
	}
}

// missing explains why there is no folder of the store.
func (f *files) missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		parent := filepath.Dir(f.dir)
		return fault.New(fault.Config, "folder %s, in which dir of the sink is, does not exist", parent).
			WithHint("Create it (mkdir -p %s), mount the disk it is on, or correct dir of the sink.", parent)
	}
	return f.wrap(err, "create", "")
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
