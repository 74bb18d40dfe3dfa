package piwikpro

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// transformation makes another cell of a dimension's (sheet: Transformations).
type transformation struct {
	id, name string
	of       []string // types of columns
	cell     func(cell) cell
	fold     fold // makes a metric; cell is nil
}

// fold is how the values of a dimension become one.
type fold int

const (
	noFold fold = iota
	foldCount
	foldMin
	foldMax
	foldAverage
	foldMedian
	foldSum
)

var (
	anyType  = []string{"int", "str", "str_nocase", "hex", "[int, str]", "[str, str]", "int(0,1)"}
	figures  = []string{"int", "float", "int(0,1)"}
	moments  = []string{"date"}
	writings = []string{"str", "str_nocase"}

	transformations = []transformation{
		{"unique_count", "Unique Count", anyType, nil, foldCount},
		{"min", "Min", figures, nil, foldMin},
		{"max", "Max", figures, nil, foldMax},
		{"average", "Average", figures, nil, foldAverage},
		{"median", "Median", figures, nil, foldMedian},
		{"sum", "Sum", figures, nil, foldSum},
		{"to_date", "Date To Day", moments, day(func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }), noFold},
		{"to_start_of_week", "Date To Start Of Week", moments, day(func(t time.Time) time.Time {
			return t.Truncate(24*time.Hour).AddDate(0, 0, -(int(t.Weekday())+6)%7)
		}), noFold},
		{"to_start_of_month", "Date To Start Of Month", moments, day(func(t time.Time) time.Time { return firstOf(t, t.Month()) }), noFold},
		{"to_start_of_quarter", "Date To Start Of Quarter", moments, day(func(t time.Time) time.Time { return firstOf(t, (t.Month()-1)/3*3+1) }), noFold},
		{"to_start_of_year", "Date To Start Of Year", moments, day(func(t time.Time) time.Time { return firstOf(t, time.January) }), noFold},
		{"to_start_of_hour", "Date To Start Of Hour", moments, since(3600), noFold},
		{"to_start_of_minute", "Date To Start Of Minute", moments, since(60), noFold},
		{"to_start_of_five_minutes", "Date To Start Of Five Minutes", moments, since(300), noFold},
		{"to_start_of_ten_minutes", "Date To Start Of Ten Minutes", moments, since(600), noFold},
		{"to_hour_of_day", "Date To Hour Of Day", moments, part(func(t time.Time) int { return t.Hour() }), noFold},
		{"to_day_of_week", "Date To Day Of Week", moments, part(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }), noFold},
		{"to_month_number", "Date To Month Number", moments, part(func(t time.Time) int { return int(t.Month()) }), noFold},
		{"lower", "Lowercase", writings, writing(strings.ToLower), noFold},
		{"to_path", "URL To Path", writings, address2(func(u *url.URL) string { return u.Path }), noFold},
		{"to_domain", "URL To Domain", writings, address2(func(u *url.URL) string { return u.Host }), noFold},
		{"strip_qs", "URL Strip Query String", writings, writing(func(s string) string { before, _, _ := strings.Cut(s, "?"); return before }), noFold},
	}
)

// findTransformation returns the transformation of a column, and whether there is one of that name at all.
func findTransformation(id, typ string) (t *transformation, known bool) {
	for i := range transformations {
		if transformations[i].id != id {
			continue
		}
		if !slices.Contains(transformations[i].of, typ) {
			return nil, true
		}
		return &transformations[i], true
	}
	return nil, false
}

func wallTime(c cell) time.Time { return time.Unix(c.n, 0).UTC() }

func day(of func(time.Time) time.Time) func(cell) cell {
	return func(c cell) cell { return cell{kind: date, n: of(wallTime(c)).Unix()} }
}

func firstOf(t time.Time, m time.Month) time.Time {
	return time.Date(t.Year(), m, 1, 0, 0, 0, 0, time.UTC)
}

func since(seconds int64) func(cell) cell {
	return func(c cell) cell { return cell{kind: moment, n: c.n - c.n%seconds} }
}

func part(of func(time.Time) int) func(cell) cell {
	return func(c cell) cell { return numberCell(int64(of(wallTime(c)))) }
}

func writing(of func(string) string) func(cell) cell {
	return func(c cell) cell {
		if c.kind == text {
			c.s = of(c.s)
		}
		return c
	}
}

func address2(of func(*url.URL) string) func(cell) cell {
	return writing(func(s string) string {
		u, err := url.Parse(s)
		if err != nil {
			return ""
		}
		return of(u)
	})
}
