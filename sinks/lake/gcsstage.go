package lake

import (
	"context"
	"errors"
	"hash/crc32"
	"time"

	"cloud.google.com/go/storage"

	"exporter/fault"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// upload is an object of [bucket] on its way: chunks of a resumable upload, which
// make an object when the last has arrived.
type upload struct {
	bucket *bucket
	name   string
	w      *storage.Writer
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *bucket) stage(ctx context.Context, name string) (staged, error) {
	o, err := b.object(ctx, name)
	if err != nil {
		return nil, err
	}
	u := &upload{bucket: b, name: name}
	u.ctx, u.cancel = context.WithCancel(ctx)
	u.w = b.writer(u.ctx, o, 0)
	u.w.ChunkSize, u.w.ContentType = b.pace.size, contentType(name)
	return u, nil
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) {
	n, err := u.w.Write(p)
	return n, u.bucket.wrap(err, "upload "+u.name)
}

const hintChanged = "Something on the way changes data. The load is tried again."

func (u *upload) finish(size int64, crc uint32) (entry, error) {
	defer time.AfterFunc(u.bucket.pace.reply, u.cancel).Stop()
	err := u.bucket.wrap(u.w.Close(), "upload "+u.name)
	var e entry
	if err == nil {
		e = u.bucket.entry(u.w.Attrs())
	} else {
		// Nobody else has this name. If the object is there, a try that made it was
		// repeated because its reply was lost.
		var statErr error
		if e, statErr = u.bucket.stat(u.ctx, u.name); statErr != nil {
			return entry{}, err
		}
	}
	if e.size != size || e.crc != crc {
		return entry{}, errors.Join(
			fault.New(fault.Transient, "upload %s: %d bytes with checksum %08x arrived of %d with %08x", u.name, e.size, e.crc, size, crc).WithHint(hintChanged),
			u.bucket.remove(u.ctx, u.name, e.generation))
	}
	u.cancel()
	return e, nil
}

func (u *upload) drop() { u.cancel() }
