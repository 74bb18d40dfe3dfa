package owapro

import (
	"bytes"
	"encoding/json"
	"strings"
)

// loose is a scalar of any JSON type as text; anything else and null are "".
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(data []byte) error {
	switch {
	case len(data) == 0 || data[0] == '{' || data[0] == '[' || string(data) == "null":
		*l = ""
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(l))
	default:
		*l = loose(data)
	}
	return nil
}

// members is an object that may come as an empty list, as PHP writes one.
type members[T any] map[string]T

// UnmarshalJSON implements json.Unmarshaler.
func (m *members[T]) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] != '{' {
		*m = nil
		return nil
	}
	return json.Unmarshal(data, (*map[string]T)(m))
}

// metadata is what a block says about its columns.
type metadata struct {
	Currency    loose                      `json:"currency"`
	ShowSummary loose                      `json:"show_summary"`
	Dimension   members[dimensionMetadata] `json:"dimension"`
	Metric      members[metricMetadata]    `json:"metric"`
	Overwritten struct {
		PageLimit loose `json:"page_limit"`
	} `json:"data_sources_overwritten"`
}

type dimensionMetadata struct {
	ID   loose          `json:"dw_name_id"`
	Alt  loose          `json:"alt_text"`
	Dict members[loose] `json:"dict"`
}

type metricMetadata struct {
	Format loose `json:"format"`
	Alt    loose `json:"alt_text"`
	Sum    loose `json:"sum"`
	Cnt    loose `json:"cnt"`
}

// blockDefinition is what is known of a block's columns besides their names.
type blockDefinition struct {
	IDs     map[string]string   `json:"ids"`     // dimensions whose cells are ids, with the name of those
	Formats map[string]string   `json:"formats"` // of metrics
	Titles  map[string][]string `json:"titles"`  // other names of columns
}

// definition is what one probe tells about a job's report.
type definition struct {
	Probed bool                       `json:"probed"` // else there is no JSON and formats are inferred
	Blocks map[string]blockDefinition `json:"blocks"`
}

func newBlockDefinition() blockDefinition {
	return blockDefinition{IDs: map[string]string{}, Formats: map[string]string{}, Titles: map[string][]string{}}
}

// define returns what metadata tells about the columns of a block.
func (m metadata) define(b Block) blockDefinition {
	d := newBlockDefinition()
	for _, dim := range b.Dimensions {
		about := m.Dimension[dim]
		if about.ID != "" && string(about.ID) != dim {
			d.IDs[dim] = string(about.ID)
		}
		d.addTitle(dim, string(about.Alt))
	}
	for _, name := range b.Metrics {
		about := m.Metric[name]
		d.Formats[name] = string(about.Format)
		if about.Format == "" {
			d.Formats[name] = "float"
		}
		d.addTitle(name, string(about.Alt))
	}
	return d
}

func (d blockDefinition) addTitle(name, title string) {
	if title = strings.TrimSpace(title); title != "" && title != name {
		d.Titles[name] = append(d.Titles[name], title)
	}
}
