package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"exporter/sinks"
)

// Fingerprint identifies what the slices of a job are slices of: the account the
// data comes from, the stream, options that change rows, column rules, the zone of
// the data and the write mode. A slice with another fingerprint is outdated. Not part of it
// are the interval (changing it is refused while slices exist), the schedule and
// where rows go, nor the order in which columns are written. 32 hex digits.
func Fingerprint(j *Job) string {
	type rule struct {
		Name   string `json:"name"`
		Action string `json:"action"`
		Type   string `json:"type,omitempty"`
	}
	definition := struct {
		Driver   string `json:"driver"`
		Identity string `json:"identity"`
		Stream   string `json:"stream"`
		Options  string `json:"options"`
		Columns  []rule `json:"columns"`
		Zone     string `json:"zone"`
		HashKey  string `json:"hash_key,omitempty"`
		Write    string `json:"write,omitempty"`
		Absent   string `json:"absent,omitempty"`
	}{
		Driver: j.Source.Driver.Name, Identity: j.Source.Settings.Identity(), Stream: j.Kind.Name,
		Columns: []rule{}, Zone: j.DataZone.String(), HashKey: j.hashID,
	}
	if j.Write != sinks.Replace { // another mode leaves other rows
		definition.Write = string(j.Write)
	}
	if j.Write == sinks.Snapshot {
		definition.Absent = j.Absent
	}
	if j.Options != nil {
		definition.Options = j.Options.Fingerprint()
	}
	for _, c := range j.Columns {
		r := rule{Name: c.Name, Action: c.Action}
		if c.Action == ActionType {
			r.Type = c.Type.String()
		}
		definition.Columns = append(definition.Columns, r)
	}
	slices.SortFunc(definition.Columns, func(a, b rule) int { return cmp.Compare(a.Name, b.Name) })
	// Fields are encoded in their order and strings always encode.
	text, _ := json.Marshal(definition)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
