package owapro

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ask is the body of a report request: the simple form, the form of several
// blocks, or either in the envelope the vendor's front end sends (sheet: Report request).
type ask struct {
	Currency  string    `json:"currency"`
	Overwrite overwrite `json:"data_sources_overwrite"`
	Params    *ask      `json:"params"`
}

type overwrite struct {
	blockAsk
	Blocks map[string][]blockAsk `json:"data_blocks"`
}

// blockAsk is what one block is asked for.
type blockAsk struct {
	Dimensions []string            `json:"dimensions"`
	Metrics    []string            `json:"metrics"`
	Filters    []Filter            `json:"filters"`
	Sort       []map[string]string `json:"sort"`
	PageLimit  *loose              `json:"page_limit"`
	PageNumber *loose              `json:"page_number"`

	id string
}

// Values is a filter's value: one or a list, texts or numbers.
type Values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		list = []json.RawMessage{data}
	}
	*v = nil
	for _, item := range list {
		var text string
		if json.Unmarshal(item, &text) != nil {
			text = string(item)
		}
		*v = append(*v, text)
	}
	return nil
}

// loose is a whole number that may come as a string.
type loose int

// UnmarshalJSON implements json.Unmarshaler.
func (n *loose) UnmarshalJSON(data []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(data), `"`))
	if err != nil {
		return fmt.Errorf("%s is no whole number", data)
	}
	*n = loose(v)
	return nil
}

func parseAsk(body []byte) (currency string, blocks []blockAsk, err error) {
	var a ask
	if err := json.Unmarshal(body, &a); err != nil {
		return "", nil, fmt.Errorf("the body is not understood: %w", err)
	}
	if a.Params != nil {
		a = *a.Params
	}
	if a.Overwrite.Blocks == nil {
		one := a.Overwrite.blockAsk
		one.id = "1"
		return a.Currency, []blockAsk{one}, nil
	}
	ids := make([]string, 0, len(a.Overwrite.Blocks))
	for id := range a.Overwrite.Blocks {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, natural)
	for _, id := range ids {
		for _, b := range a.Overwrite.Blocks[id] {
			b.id = id
			b.Filters = append(slices.Clone(a.Overwrite.Filters), b.Filters...)
			blocks = append(blocks, b)
		}
	}
	if len(blocks) == 0 {
		return "", nil, errors.New("data_blocks is empty")
	}
	return a.Currency, blocks, nil
}
