package record

import "time"

// Instant turns a wall clock reading in a zone (microseconds since 1970 on that
// wall clock) into an instant (microseconds since 1970 UTC). In the doubled hour
// of autumn the earlier instant is meant; a reading inside the gap of spring,
// which no clock shows, counts on with the offset before the gap.
func Instant(wall int64, zone *time.Location) int64 {
	// The offset one day before the reading cannot be later than the change.
	before := offset(wall-86400e6, zone)
	early := wall - before
	if offset(early, zone) == before {
		return early
	}
	after := offset(early, zone)
	late := wall - after
	if offset(late, zone) == after {
		return late
	}
	return early
}

// offset returns a zone's offset from UTC at an instant, in microseconds.
func offset(micro int64, zone *time.Location) int64 {
	if zone == time.UTC {
		return 0
	}
	_, sec := time.UnixMicro(micro).In(zone).Zone()
	return int64(sec) * 1e6
}
