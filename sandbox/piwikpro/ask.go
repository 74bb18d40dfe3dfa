package piwikpro

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ask is the body of a report request.
type ask struct {
	WebsiteID     string      `json:"website_id"`
	Columns       []columnAsk `json:"columns"`
	DateFrom      *string     `json:"date_from"`
	DateTo        *string     `json:"date_to"`
	RelativeDate  *string     `json:"relative_date"`
	Filters       *condition  `json:"filters"`
	MetricFilters *condition  `json:"metric_filters"`
	Offset        *int        `json:"offset"`
	Limit         *int        `json:"limit"`
	OrderBy       [][]any     `json:"order_by"`
	Format        string      `json:"format"`
	ColumnFormat  string      `json:"column_format"`
	Options       struct {
		Sampling *float64 `json:"sampling"`
	} `json:"options"`
}

// columnAsk is a column that is asked for; other members are taken and ignored.
type columnAsk struct {
	ColumnID         string `json:"column_id"`
	TransformationID string `json:"transformation_id"`
	GoalID           *int   `json:"goal_id"`
	GoalUUID         string `json:"goal_uuid"`
}

// condition is a group of filters or, with a column, a single one.
type condition struct {
	Operator         string      `json:"operator"`
	Conditions       []condition `json:"conditions"`
	ColumnID         string      `json:"column_id"`
	TransformationID string      `json:"transformation_id"`
	Condition        *struct {
		Operator string          `json:"operator"`
		Value    json.RawMessage `json:"value"`
	} `json:"condition"`
}

// Formats of answers.
const (
	formatJSON   = "json"
	formatJSONKV = "json-kv"
	formatCSV    = "csv"
)

func readAsk(body []byte) (*ask, *problem) {
	var a ask
	if err := json.Unmarshal(body, &a); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, invalid(wrong.Field, "A valid value is required.")
		}
		return nil, invalid("", "JSON parse error - %s", err)
	}
	return &a, nil
}

// page returns offset and limit.
func (a *ask) page(cfg Answers) (offset, limit int, p *problem) {
	limit = cfg.DefaultLimit
	if a.Offset != nil {
		offset = *a.Offset
	}
	if a.Limit != nil {
		limit = *a.Limit
	}
	switch {
	case offset < 0:
		return 0, 0, invalid("offset", "Ensure this value is greater than or equal to 0.")
	case cfg.MaxOffset > 0 && offset > cfg.MaxOffset:
		return 0, 0, invalid("offset", "Ensure this value is less than or equal to %d.", cfg.MaxOffset)
	case limit < 1:
		return 0, 0, invalid("limit", "Ensure this value is greater than or equal to 1.")
	case limit > cfg.MaxLimit:
		return 0, 0, invalid("limit", "Ensure this value is less than or equal to %d.", cfg.MaxLimit)
	}
	if cfg.SilentLimit > 0 {
		limit = min(limit, cfg.SilentLimit)
	}
	return offset, limit, nil
}

// span returns the range on the clock of loc; to is exclusive (sheet: dates have both ends, date times not).
func (a *ask) span(cfg Answers, now time.Time, loc *time.Location) (from, to int64, p *problem) {
	if a.RelativeDate != nil {
		if a.DateFrom != nil || a.DateTo != nil {
			return 0, 0, invalid("relative_date", "Relative date cannot be used with absolute dates.")
		}
		return relative(*a.RelativeDate, dayNumber(now.In(loc)))
	}
	if a.DateFrom == nil {
		return 0, 0, invalid("date_from", "This field is required.")
	}
	if a.DateTo == nil {
		return 0, 0, invalid("date_to", "This field is required.")
	}
	from, fromDate, ok := wallClock(*a.DateFrom)
	if !ok {
		return 0, 0, invalid("date_from", "Date has wrong format. Use YYYY-MM-DD or YYYY-MM-DD HH:MM:SS.")
	}
	to, toDate, ok := wallClock(*a.DateTo)
	if !ok || fromDate != toDate {
		return 0, 0, invalid("date_to", "Date has wrong format. Use the one of date_from.")
	}
	if toDate {
		to += secondsOfDay
	}
	if from > to || toDate && from == to {
		return 0, 0, invalid("date_from", "Start date cannot be after end date.")
	}
	if cfg.MaxDays > 0 && to-from > int64(cfg.MaxDays)*secondsOfDay {
		return 0, 0, invalid("date_to", "Date range cannot be longer than %d days.", cfg.MaxDays)
	}
	return from, to, nil
}

func wallClock(text string) (wall int64, isDate, ok bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Unix(), true, true
	}
	t, err := time.Parse(time.DateTime, text)
	return t.Unix(), false, err == nil
}

// relative reads relative_date. last_week is from Monday to Sunday.
func relative(text string, today int) (from, to int64, p *problem) {
	at := time.Unix(int64(today)*secondsOfDay, 0).UTC()
	day := func(t time.Time) int64 { return t.Unix() }
	switch text {
	case "today":
		return day(at), day(at.AddDate(0, 0, 1)), nil
	case "yesterday":
		return day(at.AddDate(0, 0, -1)), day(at), nil
	case "last_week":
		monday := at.AddDate(0, 0, -(int(at.Weekday())+6)%7)
		return day(monday.AddDate(0, 0, -7)), day(monday), nil
	case "last_month":
		first := at.AddDate(0, 0, 1-at.Day())
		return day(first.AddDate(0, -1, 0)), day(first), nil
	case "last_year":
		first := at.AddDate(0, 0, 1-at.YearDay())
		return day(first.AddDate(-1, 0, 0)), day(first), nil
	}
	if middle, ok := strings.CutPrefix(text, "last_"); ok {
		if days, ok := strings.CutSuffix(middle, "_days"); ok {
			if n, err := strconv.Atoi(days); err == nil && n >= 1 && n <= 365 {
				return day(at.AddDate(0, 0, -n)), day(at), nil
			}
		}
	}
	return 0, 0, invalid("relative_date", "\"%s\" is not a valid choice.", text)
}
