package piwikpro

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// column is one that a job asks for: id, id.transformation, or either with
// @target, which is a goal or one of the things an account defines itself.
type column struct {
	text           string // as the job writes it
	id             string
	transformation string
	target         string
}

// wireColumn is a column as requests hold it.
type wireColumn struct {
	ColumnID                 string `json:"column_id"`
	TransformationID         string `json:"transformation_id,omitempty"`
	GoalID                   *int   `json:"goal_id,omitempty"`
	GoalUUID                 string `json:"goal_uuid,omitempty"`
	CalculatedMetricID       string `json:"calculated_metric_id,omitempty"`
	CustomChannelGroupingID  string `json:"custom_channel_grouping_id,omitempty"`
	DimensionValueGroupingID string `json:"dimension_value_grouping_id,omitempty"`
}

// Ids whose target is no goal.
const (
	idCalculatedMetric = "calculated_metric"
	idChannelGrouping  = "custom_channel_grouping"
	idValueGrouping    = "dimension_value_grouping" // a transformation
)

var (
	columnID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}(\.[A-Za-z0-9_]{1,50})?$`)
	uuidText = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	goalText = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// parseColumn reads a column as a job writes it. Ids of product columns hold a dot
// themselves (products.name).
func parseColumn(text string) (column, error) {
	c := column{text: text}
	var targeted bool
	c.id, c.target, targeted = strings.Cut(text, "@")
	if at := strings.LastIndexByte(c.id, '.'); at >= 0 {
		if _, known := transformations[c.id[at+1:]]; known {
			c.id, c.transformation = c.id[:at], c.id[at+1:]
		} else if !strings.HasPrefix(c.id, "products.") {
			return c, fmt.Errorf("%q ends in no transformation; write one such as \"timestamp.to_date\" or \"event_url.to_path\"", text)
		}
	}
	switch {
	case !columnID.MatchString(c.id):
		return c, fmt.Errorf("%q is not the id of a column; write one such as \"source\", \"timestamp.to_date\" or \"goal_conversions@<id of a goal>\"", text)
	case targeted && !uuidText.MatchString(c.target) && (!goalText.MatchString(c.target) || c.grouping()):
		return c, fmt.Errorf("%q: what stands behind @ is not an id; write one such as \"goal_conversions@dde2dc68-b6bb-45ee-9ac2-868b6181e33f\" (the stream goals lists them)", text)
	case !targeted && c.grouping():
		return c, fmt.Errorf("%q is one of several; write its id behind it: \"%s@<uuid>\"", text, text)
	}
	return c, nil
}

// grouping tells whether the target is something else than a goal.
func (c column) grouping() bool {
	return c.id == idCalculatedMetric || c.id == idChannelGrouping || c.transformation == idValueGrouping
}

func (c column) wire() wireColumn {
	w := wireColumn{ColumnID: c.id, TransformationID: c.transformation}
	switch {
	case c.target == "":
	case c.id == idCalculatedMetric:
		w.CalculatedMetricID = c.target
	case c.id == idChannelGrouping:
		w.CustomChannelGroupingID = c.target
	case c.transformation == idValueGrouping:
		w.DimensionValueGroupingID = c.target
	case goalText.MatchString(c.target):
		n, _ := strconv.Atoi(c.target) // few digits and nothing else
		w.GoalID = &n
	default:
		w.GoalUUID = c.target
	}
	return w
}

// key is what meta.columns is expected to call the column.
func (c column) key() string {
	key := c.id
	if c.transformation != "" {
		key += "__" + c.transformation
	}
	switch {
	case c.target == "":
	case c.transformation == idValueGrouping:
		key += "_" + strings.ReplaceAll(c.target, "-", "")
	case c.grouping():
		key += "__" + strings.ReplaceAll(c.target, "-", "")
	default:
		key += "__" + c.target
	}
	return key
}

// called tells whether a key of meta.columns is this column's. How targets are
// written was seen once and is documented nowhere, so any form of the right one will do.
func (c column) called(key string) bool {
	if key == c.key() {
		return true
	}
	rest, found := strings.CutPrefix(key, column{id: c.id, transformation: c.transformation}.key()+"_")
	rest = strings.TrimLeft(rest, "_")
	plain := func(id string) string { return strings.ReplaceAll(strings.ToLower(id), "-", "") }
	switch {
	case c.target == "" || !found:
		return false
	case goalText.MatchString(c.target) && uuidText.MatchString(rest): // a goal has both
		return true
	}
	return plain(rest) == plain(c.target)
}

// transformations are those of the vendor, with what becomes of a dimension; the
// kind unknown stands for the dimension's own.
var transformations = map[string]struct {
	kind   kind
	metric bool
}{
	"unique_count": {asInteger, true}, "min": {unknownKind, true}, "max": {unknownKind, true}, "sum": {unknownKind, true},
	"average": {asDecimal, true}, "median": {asDecimal, true},
	"to_date": {asDate, false}, "to_start_of_week": {asDate, false}, "to_start_of_month": {asDate, false},
	"to_start_of_quarter": {asDate, false}, "to_start_of_year": {asDate, false},
	"to_start_of_hour": {asTime, false}, "to_start_of_minute": {asTime, false},
	"to_start_of_five_minutes": {asTime, false}, "to_start_of_ten_minutes": {asTime, false},
	"to_hour_of_day": {asInteger, false}, "to_day_of_week": {asInteger, false}, "to_month_number": {asInteger, false},
	"lower": {asText, false}, "to_path": {asText, false}, "to_domain": {asText, false}, "strip_qs": {asText, false},
	"group_dimension_values": {unknownKind, false}, idValueGrouping: {unknownKind, false},
}

const idTimestamp = "timestamp"

// tellsDay reports whether a column of a report says which day its row is of.
func (c column) tellsDay() bool {
	return c.id == idTimestamp && slices.Contains([]string{
		"", "to_date", "to_start_of_hour", "to_start_of_minute", "to_start_of_five_minutes", "to_start_of_ten_minutes",
	}, c.transformation)
}
