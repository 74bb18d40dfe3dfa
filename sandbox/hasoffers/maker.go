package hasoffers

import "strconv"

// row is a conversion with the decisions its values share.
type row struct {
	ref
	wall    int64
	hash    uint64
	version int64
	api     bool // made through the API, without a click
	noEvent bool // older than tune_event_id
	blank   bool // too old for personal fields
}

// maker turns refs into rows and rows into values, for one view and one goroutine.
type maker struct {
	view
	net      *parsed
	currency text
	apiBelow uint64  // hash limit of rows made through the API
	segment  segment // of the last instant
	dayWall  int64   // the day whose date is kept in date
	date     [len("2006-01-02")]byte
}

func newMaker(v view, net *parsed) *maker {
	share := min(max(net.APIMade, 0), 1)
	return &maker{
		view: v, net: net, currency: texts(net.Currency)[0],
		apiBelow: uint64(share * (1 << 32)), dayWall: minInstant,
	}
}

// toWall is calendar.wall with the last segment kept.
func (m *maker) toWall(instant int64) int64 {
	if instant < m.segment.from || instant >= m.segment.to {
		m.segment = m.cal.at(instant)
	}
	return instant + m.segment.offset
}

func (m *maker) row(r ref) row {
	out := row{ref: r, wall: m.toWall(r.at), hash: mix(m.seed+3, uint64(r.id))}
	out.api = out.hash>>32 < m.apiBelow
	if len(m.ov.edits) > 0 {
		out.version = m.ov.edits[r.id].version
	}
	out.noEvent = out.wall < m.net.eventIDSince
	out.blank = m.net.BlankPersonal > 0 && r.at < m.now-int64(m.net.BlankPersonal)*86400
	return out
}

// appendDate and appendTime write wall seconds as the vendor does (§3).
func (m *maker) appendDate(dst []byte, wall int64) []byte {
	day := wall - mod(wall, 86400)
	if day != m.dayWall {
		unixUTC(day).AppendFormat(m.date[:0], "2006-01-02")
		m.dayWall = day
	}
	return append(dst, m.date[:]...)
}

func (m *maker) appendTime(dst []byte, wall int64) []byte {
	dst = m.appendDate(dst, wall)
	s := mod(wall, 86400)
	h, min, sec := s/3600, s/60%60, s%60
	return append(dst, ' ', byte('0'+h/10), byte('0'+h%10), ':', byte('0'+min/10), byte('0'+min%10), ':', byte('0'+sec/10), byte('0'+sec%10))
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

const hexDigits = "0123456789abcdef"

// appendUUID writes a version 4 identifier made of two hashes.
func appendUUID(dst []byte, a, b uint64) []byte {
	a = a&^0xf000 | 0x4000
	b = b&^(3<<62) | 2<<62
	for i := 60; i >= 0; i -= 4 {
		dst = append(dst, hexDigits[a>>i&15])
		if i == 32 || i == 16 {
			dst = append(dst, '-')
		}
	}
	dst = append(dst, '-')
	for i := 60; i >= 0; i -= 4 {
		dst = append(dst, hexDigits[b>>i&15])
		if i == 48 {
			dst = append(dst, '-')
		}
	}
	return dst
}

// appendMoney writes an amount of hundred-thousandths with 5 decimals (§0 no 5).
func appendMoney(dst []byte, amount int64) []byte {
	if amount < 0 {
		dst = append(dst, '-')
		amount = -amount
	}
	dst = strconv.AppendInt(dst, amount/100_000, 10)
	f := amount % 100_000
	return append(dst, '.', byte('0'+f/10_000), byte('0'+f/1000%10), byte('0'+f/100%10), byte('0'+f/10%10), byte('0'+f%10))
}
