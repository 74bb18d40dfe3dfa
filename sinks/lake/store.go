package lake

import (
	"context"
	"errors"
	"io"
)

// store keeps objects. Names are slash-separated and begin at the store's root. A
// store is safe for concurrent use, also by several processes. Its errors have
// classes, except errMoved and errGone.
//
// A generation is a number that an object has until it is written again; 0 is that
// of an object that is not there.
type store interface {
	// list returns the objects whose names begin with a prefix and lie in [first, end);
	// "" is open.
	list(ctx context.Context, prefix, first, end string) ([]entry, error)
	// folders returns the names of the root's folders.
	folders(ctx context.Context) ([]string, error)
	// stat returns an object, or errGone.
	stat(ctx context.Context, name string) (entry, error)
	// read returns a document with its generation, or errGone.
	read(ctx context.Context, name string) ([]byte, int64, error)
	// put writes a document if its generation is was, else it returns errMoved.
	put(ctx context.Context, name string, content []byte, was int64) (int64, error)
	// stage begins an object of a name that nobody else has. It is there entirely
	// or not at all.
	stage(ctx context.Context, name string) (staged, error)
	// publish makes name a copy of a staged object if its generation is was, else it
	// returns errMoved. A staged object that is not there is errGone.
	publish(ctx context.Context, from entry, name string, was int64) (entry, error)
	// remove removes an object of a generation. One that is gone, or has been
	// written since, is no error.
	remove(ctx context.Context, name string, generation int64) error
	// check proves that all of this can be done, and leaves nothing.
	check(ctx context.Context) error
	// at names the store for people.
	at() string
	close() error
}

// staged takes the content of an object.
type staged interface {
	io.Writer
	// finish makes the object durable and checks that it is what was written.
	finish(size int64, crc uint32) (entry, error)
	// drop gives it up, unless it is finished.
	drop()
}

// entry is an object as a store knows it.
type entry struct {
	name       string
	generation int64
	size       int64
	crc        uint32
	summed     bool   // crc is known
	document   []byte // content of a document, if the list came with it
}

var (
	errMoved = errors.New("somebody else has written the object")
	errGone  = errors.New("there is no such object")
)
