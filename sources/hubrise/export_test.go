package hubrise

import (
	"bytes"
	"net/http"
	"time"

	"github.com/zeebo/xxh3"

	"exporter/fault"
	"exporter/sources"
)

// Waits returns for how long refusals of 429, without Retry-After, hold everybody
// back: each comes so long after the one before.
func Waits(start time.Time, after ...time.Duration) (waits []time.Duration) {
	now := start
	c := &classifier{now: func() time.Time { return now }}
	for _, d := range after {
		now = now.Add(d)
		waits = append(waits, fault.WaitOf(c.classify(http.StatusTooManyRequests, http.Header{}, nil)))
	}
	return waits
}

// ReadOrders takes a page of orders in. It returns how many there were, and rows and
// rejects of all tables.
func ReadOrders(body []byte) (orders, rows, rejects int, err error) {
	r := &reader{s: &source{orders: &Options{}}, seen: map[xxh3.Uint128]uint64{}, warned: map[string]bool{}, again: true}
	r.con = &connection{level: levelAccount, account: "acc", places: map[string]place{"acc-1": {zone: time.UTC, cutoff: cutoffDefault}}}
	r.req = sources.Request{Part: "acc", Interval: sources.Interval{Start: time.Unix(-1<<40, 0), End: time.Unix(1<<40, 0)}}
	for i, shape := range orderShapes(true) {
		t, err := newTable(i, shape.table(), shape)
		if err != nil {
			return 0, 0, 0, err
		}
		r.tables = append(r.tables, t)
	}
	d := newDecoder(bytes.NewReader(body))
	err = d.Document(func() error {
		return documents(d, func(document []byte) error {
			orders++
			return r.order(document)
		})
	})
	for _, t := range r.tables {
		batch, bad := t.build.Take()
		rows, rejects = rows+batch.Rows(), rejects+bad.Rows()
	}
	return orders, rows, rejects, err
}
