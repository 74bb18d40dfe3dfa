package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

const (
	stagingFolder  = "_staging"
	manifestPrefix = "_manifest-"
	schemaFile     = "_schema.json"
	currentFolder  = "current" // of slices without an interval
	dayPrefix      = "dt="
)

// tableName is what can be a folder. It begins like nothing that is ours.
var tableName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,120}$`)

// place is where a slice is: its manifest, and its objects in the folders of its
// tables.
type place struct {
	table string // whose folder has the manifest: the load's first
	sub   string // folder in those of tables: dt=2026-03-01 or current
	stem  string // <job>-<part>-<HHMM>
}

func placeOf(table string, s sinks.Slice) place {
	stem := escape(s.Job, "-") + "-" + escape(s.Part, "")
	if s.Start.IsZero() {
		return place{table: table, sub: currentFolder, stem: stem}
	}
	return place{table: table, sub: dayPrefix + s.Start.Format(time.DateOnly), stem: stem + "-" + s.Start.Format("1504")}
}

func (p place) manifest() string {
	return p.table + "/" + p.sub + "/" + manifestPrefix + p.stem + ".json"
}

func (p place) object(table string, part int, ext string) string {
	return fmt.Sprintf("%s/%s/%s-%d%s", table, p.sub, p.stem, part, ext)
}

// staging is the folder of objects on their way to the slice.
func (p place) staging() string {
	return stagingFolder + "/" + p.table + "/" + p.sub + "/" + p.stem + "/"
}

// placeAt is the place whose manifest has the given name.
func placeAt(name string) (place, bool) {
	f := strings.Split(name, "/")
	if len(f) != 3 {
		return place{}, false
	}
	stem, is := strings.CutPrefix(strings.TrimSuffix(f[2], ".json"), manifestPrefix)
	return place{table: f[0], sub: f[1], stem: stem}, is && strings.HasSuffix(f[2], ".json")
}

// longName bounds what a job's or part's name takes of a file's, which has 255 bytes.
const longName = 100

// escape writes a name with letters, digits, "_", "." and the extra bytes only. The
// others become ~ and two hex digits; of a long name a hash remains. Two names
// never become one: a part has no "-", so the last of them in a stem divides it.
func escape(s, extra string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if letter || i > 0 && (c == '_' || c == '.' || strings.IndexByte(extra, c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "~%02x", c)
		}
	}
	if b.Len() <= longName {
		return b.String()
	}
	sum := sha256.Sum256([]byte(s))
	return strings.TrimRight(b.String()[:longName/2], "~") + "~~" + hex.EncodeToString(sum[:16])
}

// refuseTables names tables that cannot be folders.
func refuseTables(load sinks.Load) error {
	for _, t := range load.Tables {
		if !tableName.MatchString(t.Name) {
			return fault.New(fault.Config, "table name %q cannot be used as a folder", t.Name).WithHint("Set another table in the job.")
		}
	}
	return nil
}

// span is a range of names in the folder of a table: slices that start in [from, to).
type span struct{ from, to time.Time }

// only is the span of one slice.
func only(s sinks.Slice) span {
	if s.Start.IsZero() {
		return span{}
	}
	return span{s.Start, s.Start.Add(time.Microsecond)}
}

// bounds returns the first name and the one after the last. A day's name is that of
// the data's zone, so that a day more is looked at on both sides.
func (r span) bounds(table string) (first, end string) {
	if !r.from.IsZero() {
		first = table + "/" + dayPrefix + r.from.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if !r.to.IsZero() {
		end = table + "/" + dayPrefix + r.to.UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	}
	return first, end
}

func (r span) has(start time.Time) bool {
	return (r.from.IsZero() || !start.Before(r.from)) && (r.to.IsZero() || start.Before(r.to))
}

// parent is the folder of a name.
func parent(name string) string { return name[:strings.LastIndexByte(name, '/')] }
