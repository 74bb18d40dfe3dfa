package jobs

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/record"
	"exporter/settings"
	"exporter/sources"
)

// resolve discovers the job's stream and applies its column settings.
func resolve(ctx context.Context, src sources.Source, job *config.Job, hashKey settings.Secret) (sources.Stream, error) {
	all, err := src.Streams(ctx)
	if err != nil {
		return sources.Stream{}, fmt.Errorf("discover stream %s: %w", job.Kind.Name, err)
	}
	i := slices.IndexFunc(all, func(s sources.Stream) bool { return s.Name == job.Kind.Name })
	if i < 0 {
		return sources.Stream{}, fault.New(fault.Config, "job %s: source %s has no stream %q now", job.Name, job.Source.Name, job.Kind.Name)
	}
	stream := all[i]
	stream.Tables = slices.Clone(stream.Tables)
	for t := range stream.Tables {
		stream.Tables[t].Columns = slices.Clone(stream.Tables[t].Columns)
	}
	for _, rule := range job.Columns {
		if err := applyRule(&stream, rule, hashKey); err != nil {
			return sources.Stream{}, fmt.Errorf("job %s: %w", job.Name, err)
		}
	}
	if _, err := rulesOf(stream, job); err != nil {
		return sources.Stream{}, err
	}
	return stream, nil
}

// applyRule changes every column of that name, in whichever table it is.
func applyRule(stream *sources.Stream, rule config.ColumnRule, hashKey settings.Secret) error {
	found := false
	for t := range stream.Tables {
		table := &stream.Tables[t]
		i := table.Column(rule.Name)
		if i < 0 {
			continue
		}
		found = true
		if rule.Action == config.ActionDrop && slices.Contains(table.Key, rule.Name) {
			return fault.New(fault.Config, "columns.%s: a column of the key (%s) cannot be dropped", rule.Name, strings.Join(table.Key, ", ")).
				WithHint("Use \"hash\" if its values must not be stored.")
		}
		switch rule.Action {
		case config.ActionDrop:
			table.Columns = slices.Delete(table.Columns, i, i+1)
		case config.ActionHash:
			table.Columns[i].Type, table.Columns[i].Mask = record.Text, mask(hashKey)
		default:
			table.Columns[i].Type = rule.Type
		}
	}
	if !found {
		return fault.New(fault.Config, "columns.%s: stream %s has no such column", rule.Name, stream.Name).
			WithHint("`exporter streams` lists the columns.")
	}
	return nil
}

// mask returns the HMAC-SHA256 of a cell in hex: equal values stay equal, and
// without the key nobody can find out which they were.
func mask(key settings.Secret) func(dst, cell []byte) []byte {
	return func(dst, cell []byte) []byte {
		h := hmac.New(sha256.New, []byte(key.Reveal()))
		h.Write(cell)
		return hex.AppendEncode(dst, h.Sum(nil))
	}
}

// tableName returns the final name of one of a job's tables.
func tableName(job *config.Job, shape record.Table) string {
	if shape.Name == "" {
		return job.Table
	}
	return job.Table + "_" + shape.Name
}
