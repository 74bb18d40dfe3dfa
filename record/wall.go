package record

import (
	"math"
	"time"
)

// Instant turns a wall clock reading in a zone (microseconds since 1970 on that
// wall clock) into an instant (microseconds since 1970 UTC). In the doubled hour
// of autumn the earlier instant is meant; a reading inside the gap of spring,
// which no clock shows, counts on with the offset before the gap.
func Instant(wall int64, zone *time.Location) int64 {
	c := clock{zone: zone}
	return c.instant(wall)
}

// clock reads wall clocks of a zone. It remembers for how long the offset holds that
// it looked up last: readings mostly come from the same half of a year.
type clock struct {
	zone     *time.Location
	from, to int64 // instants
	held     int64
}

func (c *clock) instant(wall int64) int64 {
	// The offset one day before the reading cannot be later than the change.
	before := c.offset(wall - 86400e6)
	early := wall - before
	after := c.offset(early)
	if after == before {
		return early
	}
	late := wall - after
	if c.offset(late) == after {
		return late
	}
	return early
}

// offset returns the zone's offset from UTC at an instant, in microseconds.
func (c *clock) offset(micro int64) int64 {
	if c.zone == time.UTC {
		return 0
	}
	if micro < c.from || micro >= c.to {
		at := time.UnixMicro(micro).In(c.zone)
		_, sec := at.Zone()
		c.held, c.from, c.to = int64(sec)*1e6, math.MinInt64, math.MaxInt64
		start, end := at.ZoneBounds()
		if !start.IsZero() {
			c.from = start.UnixMicro()
		}
		if !end.IsZero() {
			c.to = end.UnixMicro()
		}
	}
	return c.held
}
