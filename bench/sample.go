package main

import (
	"slices"
	"time"
)

// sample is one measured run with all that worked for it.
type sample struct {
	client                 // exporter, psql, or the suite itself
	server   time.Duration // processor time of PostgreSQL
	supplier time.Duration // and of the vendor
}

// samples are the repeats of one measurement.
type samples []sample

func (s samples) median(of func(sample) float64) float64 {
	var all []float64
	for _, one := range s {
		all = append(all, of(one))
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func (s samples) seconds() float64 {
	return s.median(func(one sample) float64 { return one.wall.Seconds() })
}

// peak is the highest of all.
func (s samples) peak() (most int64) {
	for _, one := range s {
		most = max(most, one.peak)
	}
	return most
}

// perMillion is the median of a processor time for a million rows.
func (s samples) perMillion(rows int64, of func(sample) time.Duration) float64 {
	return s.median(func(one sample) float64 { return of(one).Seconds() }) * 1e6 / float64(rows)
}
