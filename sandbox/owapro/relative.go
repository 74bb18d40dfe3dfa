package owapro

import (
	"strconv"
	"strings"
	"time"
)

// relativeDate returns the day a relative word means, and whether it is one (sheet: Report request).
func relativeDate(word string, now time.Time) (date string, ok bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	month := today.AddDate(0, 0, 1-today.Day())
	quarter := time.Date(today.Year(), (today.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	var t time.Time
	switch word {
	case "today":
		t = today
	case "yesterday":
		t = today.AddDate(0, 0, -1)
	case "week_begin":
		t = today.AddDate(0, 0, -int(today.Weekday()+6)%7)
	case "month_begin":
		t = month
	case "quarter_begin":
		t = quarter
	case "quarter_end":
		t = quarter.AddDate(0, 3, -1)
	case "year_begin":
		t = time.Date(today.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		if n, ok := numberIn(word, "", "_day_ago"); ok {
			t = today.AddDate(0, 0, -n)
		} else if n, ok := numberIn(word, "last_", "_month_begin"); ok {
			t = month.AddDate(0, -n, 0)
		} else if n, ok := numberIn(word, "last_", "_month_end"); ok {
			t = month.AddDate(0, 1-n, -1)
		} else {
			return "", false
		}
	}
	return t.Format(time.DateOnly), true
}

// numberIn reads the number between two parts of a word.
func numberIn(word, before, after string) (n int, ok bool) {
	rest, ok1 := strings.CutPrefix(word, before)
	rest, ok2 := strings.CutSuffix(rest, after)
	if !ok1 || !ok2 {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil && n >= 0
}
