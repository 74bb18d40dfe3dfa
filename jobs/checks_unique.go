package jobs

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"exporter/fault"
	"exporter/jobs/spool"
	"exporter/record"
)

// bucketKeys is how many keys are to be expected of what is compared at once, in 16
// bytes each; mostBuckets bounds open files. Of more than their product (16 million
// rows) each file is read several times, and a share of its keys compared each time:
// memory stays at 8 MiB, whatever the number of rows.
const (
	bucketKeys  = 1 << 18
	mostBuckets = 64
)

// unique finds rows of a table that have the same values in some columns; a row with
// an empty one of them is like no other. It compares 128-bit hashes of the values: of
// a billion rows two of the same hash and other values have a chance of one in 10^21.
//
// Memory is that of one share of a bucket. A table of more rows has its hashes in files
// beside the spool, told apart by their first bits, and shares of a file by the next.
// Twice what is to be expected of a share is compared: it has more only because of keys
// that repeat, which are among those then.
type unique struct {
	sp      *spool.Spool
	shape   record.Table
	table   int
	columns []int
	names   []string

	room    int64          // bucketKeys
	keys    []xxh3.Uint128 // of the only bucket
	buckets []bucket       // none if there is one
	shares  uint64         // of a bucket, compared one after the other
	most    int            // keys of a share that are compared
	scratch []byte
}

type bucket struct {
	file *os.File
	out  *bufio.Writer
}

func newUnique(sp *spool.Spool, shape record.Table, table int, columns []int, names []string) *unique {
	return &unique{sp: sp, shape: shape, table: table, columns: columns, names: names, room: bucketKeys}
}

func (c *unique) see(b *record.Batch) error {
	if err := c.begin(); err != nil {
		return err
	}
	for row := range b.Rows() {
		h, ok := c.hash(b, row)
		if !ok {
			continue
		}
		if c.buckets == nil {
			c.keys = append(c.keys, h)
			continue
		}
		c.scratch = binary.BigEndian.AppendUint64(c.scratch[:0], h.Hi)
		c.scratch = binary.BigEndian.AppendUint64(c.scratch, h.Lo)
		if _, err := c.buckets[h.Hi>>32*uint64(len(c.buckets))>>32].out.Write(c.scratch); err != nil {
			return c.broken(err)
		}
	}
	return nil
}

// begin decides on the number of buckets once there are rows.
func (c *unique) begin() error {
	if c.keys != nil || c.buckets != nil {
		return nil
	}
	rows := c.sp.Tallies()[c.table].Rows
	n, shares := split(rows, c.room)
	if n <= 1 {
		c.keys = make([]xxh3.Uint128, 0, rows)
		return nil
	}
	c.shares, c.most = uint64(shares), int(2*(rows/(n*shares)+1))
	for range n {
		f, err := c.sp.Scratch()
		if err != nil {
			return err
		}
		c.buckets = append(c.buckets, bucket{f, bufio.NewWriterSize(f, 1<<14)})
	}
	return nil
}

// split returns into how many buckets the keys of a table go, and in how many shares
// each of them is compared.
func split(rows, room int64) (buckets, shares int64) {
	buckets = min((rows+room-1)/room, mostBuckets)
	if buckets > 1 {
		shares = (rows + buckets*room - 1) / (buckets * room)
	}
	return buckets, shares
}

// hash is false for a row with an empty cell.
func (c *unique) hash(b *record.Batch, row int) (xxh3.Uint128, bool) {
	key := c.scratch[:0]
	for _, column := range c.columns {
		cell, null := b.Cell(row, column)
		if null {
			return xxh3.Uint128{}, false
		}
		start := len(key)
		key = append(key, 0, 0, 0, 0) // the length: no byte can move to its neighbour
		key = appendKey(key, c.shape.Columns[column].Type, cell)
		binary.LittleEndian.PutUint32(key[start:], uint32(len(key)-start))
	}
	c.scratch = key
	return xxh3.Hash128(key), true
}

// repeats is what was found of keys that several rows have.
type repeats struct {
	rows  int64        // with such a key
	worst xxh3.Uint128 // a key that most rows have
	times int64        // how many
}

func (c *unique) verdict(ctx context.Context) (string, error) {
	defer func() { c.keys = nil }()
	var found repeats
	found.count(c.keys)
	for i := range c.buckets {
		for share := range c.shares {
			if err := ctx.Err(); err != nil {
				return "", context.Cause(ctx)
			}
			if err := c.load(c.buckets[i], share); err != nil {
				return "", c.broken(err)
			}
			found.count(c.keys)
		}
	}
	if found.rows == 0 {
		return "", nil
	}
	example, err := c.example(ctx, found.worst)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rows have the same %s as another, which unique forbids: %s comes %d times",
		found.rows, strings.Join(c.names, ", "), example, found.times), nil
}

// load reads the keys of a share of a bucket in the place of those before.
func (c *unique) load(b bucket, share uint64) error {
	if err := b.out.Flush(); err != nil {
		return err
	}
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(b.file, 1<<16)
	c.keys = slices.Grow(c.keys[:0], c.most)
	var key [16]byte
	for len(c.keys) < c.most {
		_, err := io.ReadFull(in, key[:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		h := xxh3.Uint128{Hi: binary.BigEndian.Uint64(key[:]), Lo: binary.BigEndian.Uint64(key[8:])}
		if h.Hi&math.MaxUint32*c.shares>>32 == share {
			c.keys = append(c.keys, h)
		}
	}
	return nil
}

// count sorts keys and adds those that repeat.
func (r *repeats) count(keys []xxh3.Uint128) {
	slices.SortFunc(keys, func(a, b xxh3.Uint128) int { return cmp.Or(cmp.Compare(a.Hi, b.Hi), cmp.Compare(a.Lo, b.Lo)) })
	for first := 0; first < len(keys); {
		next := first + 1
		for next < len(keys) && keys[next] == keys[first] {
			next++
		}
		if times := int64(next - first); times > 1 {
			r.rows += times
			if times > r.times {
				r.worst, r.times = keys[first], times
			}
		}
		first = next
	}
}

// example looks for a row with a key and shows its values.
func (c *unique) example(ctx context.Context, key xxh3.Uint128) (string, error) {
	var values []string
	enough := errors.New("found")
	err := eachBatch(ctx, c.sp, func(b *record.Batch) error {
		for row := 0; b.Table == c.table && row < b.Rows(); row++ {
			if h, ok := c.hash(b, row); ok && h == key {
				for i, column := range c.columns {
					text, _ := record.Format(c.shape.Columns[column].Type, b, row, column)
					values = append(values, fmt.Sprintf("%s=%.60q", c.names[i], text))
				}
				return enough
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return "", err
	}
	return strings.Join(values, ", "), nil
}

func (c *unique) broken(err error) error {
	return fault.New(fault.Permanent, "compare %s of rows: %w", strings.Join(c.names, ", "), err).
		WithHint("What was read is safe. Free space on the disk of the spool, then run again.")
}

func (c *unique) close() error {
	var errs []error
	for _, b := range c.buckets {
		errs = append(errs, b.file.Close())
	}
	c.buckets = nil
	return errors.Join(errs...)
}
