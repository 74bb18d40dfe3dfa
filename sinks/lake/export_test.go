package lake

import (
	"context"
	"time"

	"google.golang.org/api/option"

	"exporter/settings"
	"exporter/sinks"
)

// SetPace shortens the time for which requests are repeated, and chunks.
func SetPace(s sinks.Sink) {
	if b, ok := s.(*sink).store.(*bucket); ok {
		b.pace = pace{first: time.Millisecond, last: 2 * time.Millisecond, tries: 4, chunk: 5 * time.Second, size: 256 << 10, reply: 10 * time.Second}
	}
}

// SetService names the server that plays the service.
func SetService(s sinks.Sink, at string) {
	if b, ok := s.(*sink).store.(*bucket); ok {
		b.more = []option.ClientOption{option.WithEndpoint(at + "/storage/v1/"), option.WithoutAuthentication()}
	}
}

// SetPartSize makes parts of a size that no configuration may ask for.
func SetPartSize(s sinks.Sink, size int64) { s.(*sink).layout.PartSize = settings.Size(size) }

// OnStep calls before with what is about to be changed in the store, and fails the
// step with the error that it returns.
func OnStep(s sinks.Sink, before func(step string) error) {
	k := s.(*sink)
	k.store = &stepped{store: k.store, before: before}
}

type stepped struct {
	store
	before func(step string) error
}

func (s *stepped) put(ctx context.Context, name string, content []byte, was int64) (int64, error) {
	if err := s.before("put " + name); err != nil {
		return 0, err
	}
	return s.store.put(ctx, name, content, was)
}

func (s *stepped) stage(ctx context.Context, name string) (staged, error) {
	if err := s.before("stage " + name); err != nil {
		return nil, err
	}
	out, err := s.store.stage(ctx, name)
	return &steppedOutput{staged: out, name: name, before: s.before}, err
}

type steppedOutput struct {
	staged
	name   string
	before func(step string) error
}

func (s *steppedOutput) finish(size int64, crc uint32) (entry, error) {
	if err := s.before("finish " + s.name); err != nil {
		return entry{}, err
	}
	return s.staged.finish(size, crc)
}

func (s *stepped) publish(ctx context.Context, from entry, name string, was int64) (entry, error) {
	if err := s.before("publish " + name); err != nil {
		return entry{}, err
	}
	return s.store.publish(ctx, from, name, was)
}

func (s *stepped) remove(ctx context.Context, name string, generation int64) error {
	if err := s.before("remove " + name); err != nil {
		return err
	}
	return s.store.remove(ctx, name, generation)
}

// Escape writes names of jobs and parts.
var Escape = escape

// PutDecimal writes a number as Parquet has it.
func PutDecimal(d string) ([]byte, bool) {
	to := make([]byte, decimalBytes)
	return to, putDecimal(to, []byte(d))
}

// DiskError is how the files driver explains an error of its disk.
func DiskError(s sinks.Sink, err error) error {
	return s.(*sink).store.(*files).wrap(err, "write", "x")
}
