package hasoffers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

// All rows of all shapes of data arrive exactly as the truth has them.
func TestWireIsTruth(t *testing.T) {
	cases := map[string]hasoffers.Network{
		"autumn":         small(),
		"spring":         {FirstDay: "2026-03-06", Days: 4, RowsPerDay: 30},
		"one row a day":  {Days: 3, RowsPerDay: 1},
		"no rows":        {Days: 3, RowsPerDay: -1},
		"another zone":   {FirstDay: "2026-10-24", Days: 3, RowsPerDay: 50, Timezone: "Europe/Prague"},
		"half hour zone": {FirstDay: "2026-04-03", Days: 4, RowsPerDay: 50, Timezone: "Australia/Lord_Howe"},
		"wide gaps":      {Days: 2, RowsPerDay: 40, IDGap: 1000, FirstID: 5},
		"all API-made":   {Days: 1, RowsPerDay: 200, APIMade: 1},
		"bad text":       {Days: 1, RowsPerDay: 20, BadTextEvery: 3},
	}
	for name, network := range cases {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
			want := v.truth()
			slices.SortFunc(want, func(a, b truth) int { return int(a.ID - b.ID) })
			got := v.findAll("sort[id]=asc")
			if len(got.rows) != len(want) {
				t.Fatalf("%d rows on the wire, %d in truth", len(got.rows), len(want))
			}
			for i, row := range want {
				if got.keys[i] != strconv.FormatInt(row.ID, 10) {
					t.Fatalf("row %d has key %s, want %d", i, got.keys[i], row.ID)
				}
				if diff := cmp.Diff(row.values, got.rows[i]); diff != "" {
					t.Fatalf("row %d (-truth +wire):\n%s", row.ID, diff)
				}
			}
		})
	}
}

// Windows of datetime and id, pages and orders are what a plain reading of the truth gives.
func TestWindows(t *testing.T) {
	for _, perDay := range []int{3, 10, 96} {
		t.Run(fmt.Sprintf("%d rows a day", perDay), func(t *testing.T) {
			network := small()
			network.RowsPerDay = perDay
			v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
			day := "2026-11-02"
			for _, d := range []hasoffers.Drift{
				{Kind: hasoffers.Backdate, Day: day, Rows: 3},
				{Kind: hasoffers.Arrive, Day: "2026-10-31", Rows: 2},
				{Kind: hasoffers.Delete, Day: day, Rows: 2},
				{Kind: hasoffers.Restate, Day: day, Rows: 3},
			} {
				checkWindows(t, v)
				if _, err := v.Drift(d); err != nil {
					t.Fatal(err)
				}
			}
			checkWindows(t, v)
		})
	}
}

func checkWindows(t *testing.T, v *vendor) {
	t.Helper()
	all := v.truth()
	random := rand.New(rand.NewPCG(1, uint64(len(all))))
	anyWall := func() string { return all[random.IntN(len(all))].text("datetime") }
	for range 30 {
		from, to := anyWall(), anyWall()
		if from > to {
			from, to = to, from
		}
		pairs := []string{"filters[datetime][GREATER_THAN_OR_EQUAL_TO]=" + from, "filters[datetime][LESS_THAN]=" + to, "fields[]=datetime"}
		last := int64(0)
		byTime := random.IntN(2) == 0
		if random.IntN(2) == 0 {
			last = all[random.IntN(len(all))].ID
			pairs = append(pairs, fmt.Sprintf("filters[id][GREATER_THAN]=%d", last))
		}
		var want []truth
		for _, row := range all {
			if w := row.text("datetime"); w >= from && w < to && row.ID > last {
				want = append(want, row)
			}
		}
		slices.SortFunc(want, func(a, b truth) int {
			if order := strings.Compare(a.text("datetime"), b.text("datetime")); byTime && order != 0 {
				return order
			}
			return int(a.ID - b.ID)
		})
		if byTime {
			pairs = append(pairs, "sort[datetime]=asc")
		}
		checkPages(t, v, append(pairs, "sort[id]=asc"), want, 1+len(want)/20+random.IntN(40))
	}
}

func checkPages(t *testing.T, v *vendor, pairs []string, want []truth, limit int) {
	t.Helper()
	var keys []string
	for _, row := range want {
		keys = append(keys, strconv.FormatInt(row.ID, 10))
	}
	pageCount := (len(keys) + limit - 1) / limit
	for number := 1; number <= pageCount+1; number++ {
		asked := append(slices.Clone(pairs), fmt.Sprintf("limit=%d", limit), fmt.Sprintf("page=%d", number))
		got := v.findAll(asked...)
		if got.Count != len(keys) || got.PageCount != pageCount {
			t.Fatalf("%q: count %d in %d pages, want %d in %d", asked, got.Count, got.PageCount, len(keys), pageCount)
		}
		from := min((number-1)*limit, len(keys))
		if diff := cmp.Diff(keys[from:min(from+limit, len(keys))], got.keys); diff != "" && from < len(keys) {
			t.Fatalf("%q (-want +got):\n%s", asked, diff)
		}
	}
}

// Ties of datetime are broken by id, also in the middle of a second where a page begins.
func TestManyASecond(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{{Days: 1, RowsPerDay: 900_000}}})
	from := time.Date(2026, 1, 1, 17, 0, 0, 0, time.UTC)
	rows, err := v.Rows("", from, from.Add(20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var want []truth
	for row := range rows {
		datetime, _ := row.Value("datetime")
		want = append(want, truth{Row: row, values: map[string]*string{"datetime": &datetime}})
	}
	if len(want) < 200 {
		t.Fatalf("%d rows in 20 seconds, want more than 200", len(want))
	}
	checkPages(t, v, []string{
		"filters[datetime][GREATER_THAN_OR_EQUAL_TO]=2026-01-01 12:00:00", "filters[datetime][LESS_THAN]=2026-01-01 12:00:20",
		"sort[datetime]=asc", "sort[id]=asc", "fields[]=id",
	}, want, 7)
}

// Rows share seconds, and id order is not time order: a client must not rely on either.
func TestOrderIsNotTrivial(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}})
	rows := v.truth()
	same, back := 0, 0
	for i := 1; i < len(rows); i++ {
		if rows[i].UTC.Equal(rows[i-1].UTC) {
			same++
		}
		if rows[i].ID < rows[i-1].ID {
			back++
		}
	}
	if same < len(rows)/10 || back < len(rows)/10 {
		t.Errorf("of %d rows %d share a second and %d have a lower id than the one before", len(rows), same, back)
	}
}

func TestSameSeedSameRows(t *testing.T) {
	cfg := hasoffers.Config{Networks: []hasoffers.Network{small(), {ID: "other", FirstDay: "2026-10-30", Days: 5, RowsPerDay: 96}}}
	a, b := newVendor(t, cfg), newVendor(t, cfg)
	bodyOf := func(v *vendor) string { return string(v.call("findAll", "limit=50").Response.Data) }
	if bodyOf(a) != bodyOf(b) {
		t.Error("two servers of one seed differ")
	}
	if diff := cmp.Diff(ids(a.truth()), ids(b.truth())); diff != "" {
		t.Errorf("truth of two servers (-a +b):\n%s", diff)
	}
	rows, err := a.Rows("other", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for row := range rows {
		if payout, _ := row.Value("payout"); payout != a.truth()[0].text("payout") {
			return
		}
	}
	t.Error("two networks have the same payouts")
}

func ids(rows []truth) []int64 {
	var out []int64
	for _, row := range rows {
		out = append(out, row.ID)
	}
	return out
}

func TestTruthIntervals(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}})
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for day := range 5 { // 2026-11-01 is the day of 25 hours
		from, to := time.Date(2026, 10, 30+day, 0, 0, 0, 0, zone), time.Date(2026, 10, 31+day, 0, 0, 0, 0, zone)
		count, err := v.Count("demo", from, to)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := v.Rows("demo", from, to)
		if err != nil {
			t.Fatal(err)
		}
		read := int64(0)
		for row := range rows {
			read++
			if row.UTC.Before(from) || !row.UTC.Before(to) {
				t.Errorf("row %d at %v is outside [%v, %v)", row.ID, row.UTC, from, to)
			}
			if got, _ := row.Value("datetime"); got != row.UTC.In(zone).Format(time.DateTime) {
				t.Errorf("row %d: datetime %s, want that of %v", row.ID, got, row.UTC)
			}
		}
		if read != count {
			t.Errorf("day %v: %d rows read, %d counted", from, read, count)
		}
		total += count
	}
	if total != 5*96 {
		t.Errorf("%d rows in five days, want %d", total, 5*96)
	}
}

func TestDoubledHour(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}})
	var first, second int
	change := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC) // 02:00 EDT becomes 01:00 EST
	for _, row := range v.truth() {
		if w := row.text("datetime"); w >= "2026-11-01 01:00:00" && w < "2026-11-01 02:00:00" {
			if row.UTC.Before(change) {
				first++
			} else {
				second++
			}
		}
	}
	got := v.findAll("filters[datetime][GREATER_THAN_OR_EQUAL_TO]=2026-11-01 01:00:00", "filters[datetime][LESS_THAN]=2026-11-01 02:00:00", "limit=1")
	if first == 0 || second == 0 || got.Count != first+second {
		t.Errorf("doubled hour: %d rows in the first, %d in the second, %d answered", first, second, got.Count)
	}
}

func TestUntilNow(t *testing.T) {
	network := small()
	network.Days, network.Now = 0, "2026-10-31T16:00:00Z"
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
	rows := v.truth()
	last := rows[len(rows)-1]
	if now := time.Date(2026, 10, 31, 16, 0, 0, 0, time.UTC); last.UTC.After(now) || now.Sub(last.UTC) > time.Hour {
		t.Errorf("newest row happened at %v, want just before %v", last.UTC, now)
	}
	if got := v.findAll("limit=1").Count; got != len(rows) {
		t.Errorf("%d rows on the wire, %d in truth", got, len(rows))
	}
	if _, err := v.Drift(hasoffers.Drift{Kind: hasoffers.Arrive, Day: "2026-10-31", Rows: 30}); err != nil {
		t.Fatal(err)
	}
	grown := ids(v.truth())
	if n := v.truth()[len(grown)-1].UTC; n.After(last.UTC.Add(time.Hour)) || len(grown) != len(rows)+30 {
		t.Errorf("%d rows after 30 arrived, the newest at %v", len(grown), n)
	}
	if err := v.Update([]byte(`{"networks":[{"first_day":"2026-10-30","rows_per_day":96,"now":"2026-11-01T16:00:00Z"}]}`)); err != nil {
		t.Fatal(err)
	}
	later := v.truth()
	if len(later) <= len(rows) {
		t.Errorf("a day later there are %d rows, before %d", len(later), len(rows))
	}
	if diff := cmp.Diff(ids(rows), ids(later)[:len(rows)]); diff != "" {
		t.Errorf("the rows of before changed (-before +later):\n%s", diff)
	}
	future := map[int64]bool{}
	for _, id := range ids(later)[len(rows):] {
		future[id] = true
	}
	for _, id := range grown {
		if future[id] {
			t.Errorf("an added row and a later one have the id %d", id)
		}
	}
}
