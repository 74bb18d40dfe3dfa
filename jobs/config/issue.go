package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/settings"
)

// Issue is one thing that is wrong with a configuration file.
type Issue struct {
	File string // as it was given to [Load]
	Line int    // from 1; of the key, or of the table that lacks it
	Col  int    // from 1, in bytes
	Key  string // full path, "jobs.conversions.checks.max_drop"; "" for errors of syntax
	Text string // what is wrong; what to write instead
}

// String returns the issue as it is printed.
func (i Issue) String() string {
	at := fmt.Sprintf("%s:%d:%d: ", i.File, i.Line, i.Col)
	if i.Key == "" {
		return at + i.Text
	}
	return at + i.Key + ": " + i.Text
}

// invalid is the cause of the error that Load returns.
type invalid struct{ issues []Issue }

func (e *invalid) Error() string {
	lines := make([]string, len(e.issues))
	for i, issue := range e.issues {
		lines[i] = issue.String()
	}
	return strings.Join(lines, "\n")
}

// Errors returns the issues behind an error of [Load], in file order; nil for
// any other error.
func Errors(err error) []Issue {
	var e *invalid
	if errors.As(err, &e) {
		return e.issues
	}
	return nil
}

// report collects what every step finds.
type report struct {
	file     string
	doc      *document
	issues   []Issue
	warnings []Issue
	mask     mask
}

// add reports a problem of a key.
func (r *report) add(key, format string, args ...any) {
	r.issues = append(r.issues, r.issue(key, fmt.Sprintf(format, args...)))
}

func (r *report) warn(key, format string, args ...any) {
	r.warnings = append(r.warnings, r.issue(key, fmt.Sprintf(format, args...)))
}

func (r *report) issue(key, text string) Issue {
	at := r.doc.position(key)
	return Issue{File: r.file, Line: at.line, Col: at.col, Key: key, Text: text}
}

// has tells whether a key or something inside it was reported: what follows
// from a broken value is not news.
func (r *report) has(key string) bool {
	return slices.ContainsFunc(r.issues, func(i Issue) bool {
		rest, found := strings.CutPrefix(i.Key, key)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// problems reports what an adapter says about its table.
func (r *report) problems(table string, problems []settings.Problem) {
	reported := len(r.issues)
	for _, p := range problems {
		key := table
		if p.Key != "" {
			key = table + "." + p.Key
		}
		earlier := report{issues: r.issues[:reported]}
		if !earlier.has(key) {
			r.add(key, "%s", p.Text)
		}
	}
}

// oneOf reports a value that is none of the allowed ones.
func (r *report) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.add(key, "%q is not known here; %s", value, choices(value, allowed))
	}
}

// err returns the error for what was reported, nil if that is nothing.
func (r *report) err() error {
	if len(r.issues) == 0 {
		return nil
	}
	return fault.New(fault.Config, "%w", &invalid{issues: r.sorted(r.issues)}).
		WithHint("Nothing was started. Correct the lines above and try again.")
}

// sorted returns issues in file order with secrets masked.
func (r *report) sorted(issues []Issue) []Issue {
	out := slices.Clone(issues)
	for i := range out {
		out[i].Text = r.mask.clean(out[i].Text)
	}
	slices.SortStableFunc(out, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return out
}
