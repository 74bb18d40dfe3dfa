package lake

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"exporter/fault"
)

// emulatorVariable names a server that plays the service; the library reads it.
const emulatorVariable = "STORAGE_EMULATOR_HOST"

// documentKey is the metadata that has a document's content too, so that a list of
// manifests needs no request for each. Metadata has room for 8 KiB.
const (
	documentKey  = "exporter-document"
	documentMost = 7 << 10
)

// bucket is a store in a bucket of Google Cloud Storage.
type bucket struct {
	name   string
	prefix string // "" or with a slash at its end
	pace   pace
	more   []option.ClientOption // for the client

	mu     sync.Mutex
	client *storage.Client // made when it is needed first
}

var _ store = (*bucket)(nil)

// pace bounds how long a request is repeated that the service does not answer.
type pace struct {
	first, last time.Duration // pauses
	tries       int
	chunk       time.Duration // for one chunk of an upload, all its tries
	size        int           // of a chunk, which is held in memory
	reply       time.Duration // for a request that has been accepted, all its tries
}

var defaultPace = pace{first: 250 * time.Millisecond, last: 10 * time.Second, tries: 7, chunk: 40 * time.Second, size: 4 << 20, reply: 2 * time.Minute}

func openBucket(c *GCSConfig) *bucket {
	b := &bucket{name: c.Bucket, pace: defaultPace}
	if c.Prefix != "" {
		b.prefix = c.Prefix + "/"
	}
	return b
}

func (b *bucket) at() string { return "gs://" + b.name + "/" + strings.TrimSuffix(b.prefix, "/") }

// handle returns the bucket, with the login the environment provides (ADC).
func (b *bucket) handle(ctx context.Context) (*storage.BucketHandle, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client == nil {
		// Tokens are renewed after the call is over.
		options := append([]option.ClientOption{storage.WithDisabledClientMetrics(), storage.WithJSONReads()}, b.more...)
		client, err := storage.NewClient(context.WithoutCancel(ctx), options...)
		if err != nil {
			return nil, b.wrap(err, "log in")
		}
		client.SetRetry(
			storage.WithBackoff(gax.Backoff{Initial: b.pace.first, Max: b.pace.last, Multiplier: 2}),
			storage.WithMaxAttempts(b.pace.tries), storage.WithPolicy(storage.RetryIdempotent),
		)
		b.client = client
	}
	return b.client.Bucket(b.name), nil
}

func (b *bucket) object(ctx context.Context, name string) (*storage.ObjectHandle, error) {
	h, err := b.handle(ctx)
	if err != nil {
		return nil, err
	}
	return h.Object(b.prefix + name), nil
}

// writer begins to write an object whose generation is was. The library repeats the
// requests of uploads for ever, whatever number of tries it was told, so they are
// counted here: those since the last chunk that arrived.
func (b *bucket) writer(ctx context.Context, o *storage.ObjectHandle, was int64) *storage.Writer {
	var failed atomic.Int64
	w := o.If(conditions(was)).Retryer(storage.WithErrorFunc(func(err error) bool {
		return storage.ShouldRetry(err) && failed.Add(1) < int64(b.pace.tries)
	})).NewWriter(ctx)
	w.ProgressFunc = func(int64) { failed.Store(0) }
	w.ChunkRetryDeadline, w.ChunkTransferTimeout = b.pace.chunk, b.pace.chunk
	return w
}

func conditions(was int64) storage.Conditions {
	return storage.Conditions{GenerationMatch: was, DoesNotExist: was == 0}
}

func (b *bucket) entry(a *storage.ObjectAttrs) entry {
	e := entry{name: strings.TrimPrefix(a.Name, b.prefix), generation: a.Generation, size: a.Size, crc: a.CRC32C, summed: true}
	if text := a.Metadata[documentKey]; text != "" {
		e.document = []byte(text)
	}
	return e
}

func (b *bucket) list(ctx context.Context, prefix, first, end string) ([]entry, error) {
	q := &storage.Query{Prefix: b.prefix + prefix, Projection: storage.ProjectionNoACL}
	if first != "" {
		q.StartOffset = b.prefix + first
	}
	if end != "" {
		q.EndOffset = b.prefix + end
	}
	if err := q.SetAttrSelection([]string{"Name", "Generation", "Size", "CRC32C", "Metadata"}); err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	var list []entry
	err := b.each(ctx, q, func(a *storage.ObjectAttrs) { list = append(list, b.entry(a)) })
	return list, err
}

func (b *bucket) folders(ctx context.Context) ([]string, error) {
	q := &storage.Query{Prefix: b.prefix, Delimiter: "/", Projection: storage.ProjectionNoACL}
	if err := q.SetAttrSelection([]string{"Name"}); err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	var list []string
	err := b.each(ctx, q, func(a *storage.ObjectAttrs) {
		if a.Prefix != "" {
			list = append(list, strings.TrimSuffix(strings.TrimPrefix(a.Prefix, b.prefix), "/"))
		}
	})
	return list, err
}

func (b *bucket) each(ctx context.Context, q *storage.Query, do func(*storage.ObjectAttrs)) error {
	h, err := b.handle(ctx)
	if err != nil {
		return err
	}
	for it := h.Objects(ctx, q); ; {
		a, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return b.wrap(err, "list objects of "+q.Prefix)
		}
		do(a)
	}
}

func (b *bucket) stat(ctx context.Context, name string) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, b.pace.reply)
	defer cancel()
	o, err := b.object(ctx, name)
	if err != nil {
		return entry{}, err
	}
	a, err := o.Attrs(ctx)
	if err != nil {
		return entry{}, b.wrap(err, "look for "+name)
	}
	return b.entry(a), nil
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.pace.reply)
	defer cancel()
	o, err := b.object(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	r, err := o.NewReader(ctx)
	if err != nil {
		return nil, 0, b.wrap(err, "read "+name)
	}
	defer r.Close() //nolint:errcheck // an error of what was read has come before
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, 0, b.wrap(err, "read "+name)
	}
	return content, r.Attrs.Generation, nil
}

func (b *bucket) put(ctx context.Context, name string, content []byte, was int64) (int64, error) {
	o, err := b.object(ctx, name)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.pace.reply)
	defer cancel() // an upload that is not closed is given up by its context
	w := b.writer(ctx, o, was)
	// In one request with its own copy of the content, so that it can be repeated.
	w.ChunkSize = max(256<<10, len(content)+1)
	w.ContentType, w.CacheControl = contentType(name), "no-store"
	w.SendCRC32C, w.CRC32C = true, crc32.Checksum(content, castagnoli)
	if len(content) <= documentMost {
		w.Metadata = map[string]string{documentKey: string(content)}
	}
	if _, err = w.Write(content); err == nil {
		err = w.Close()
	}
	if err == nil {
		return w.Attrs().Generation, nil
	}
	err = b.wrap(err, "write "+name)
	if !errors.Is(err, errMoved) {
		return 0, err
	}
	// The reply to a try that succeeded may have been lost.
	there, generation, readErr := b.read(ctx, name)
	switch {
	case readErr == nil && string(there) == string(content) && generation != was:
		return generation, nil
	case readErr != nil && !errors.Is(readErr, errGone):
		return 0, readErr
	}
	return 0, err
}

func (b *bucket) publish(ctx context.Context, from entry, name string, was int64) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, b.pace.reply)
	defer cancel()
	source, err := b.object(ctx, from.name)
	if err != nil {
		return entry{}, err
	}
	target, err := b.object(ctx, name)
	if err != nil {
		return entry{}, err
	}
	a, err := target.If(conditions(was)).CopierFrom(source.Generation(from.generation)).Run(ctx)
	if err != nil {
		return entry{}, b.wrap(err, "publish "+name)
	}
	e := b.entry(a)
	if e.size != from.size || e.crc != from.crc {
		return entry{}, fault.New(fault.Transient, "publish %s: the copy differs from what was uploaded", name)
	}
	return e, nil
}

func (b *bucket) remove(ctx context.Context, name string, generation int64) error {
	ctx, cancel := context.WithTimeout(ctx, b.pace.reply)
	defer cancel()
	o, err := b.object(ctx, name)
	if err != nil {
		return err
	}
	err = b.wrap(o.If(conditions(generation)).Delete(ctx), "remove "+name)
	if errors.Is(err, errGone) || errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// check lists, writes, reads and removes an object that no table has.
func (b *bucket) check(ctx context.Context) error {
	name := stagingFolder + "/" + checkName()
	if _, err := b.list(ctx, name, "", ""); err != nil { // tells a bucket that is missing
		return err
	}
	generation, err := b.put(ctx, name, []byte("{}\n"), 0)
	if err != nil {
		return err
	}
	_, _, err = b.read(ctx, name)
	return errors.Join(err, b.remove(context.WithoutCancel(ctx), name, generation))
}

func (b *bucket) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client == nil {
		return nil
	}
	err := b.client.Close()
	b.client = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", b.at(), err)
	}
	return nil
}
