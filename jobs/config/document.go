package config

import (
	"bytes"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// This file is the only one that knows go-toml's unstable parser: it finds where
// every key stands and which are written twice, nothing else.

// position is a place in the file, both from 1, columns in bytes.
type position struct{ line, col int }

// duplicate is a key or table that is written a second time.
type duplicate struct {
	key       string
	at, first position
}

// document is the layout of a TOML file. Keys are paths such as
// "jobs.a.checks.min_rows" or "jobs.a.sinks[1]".
type document struct {
	data       []byte
	lines      []int // offsets of line starts
	at         map[string]position
	defined    map[string]position // values and tables, not the tables implied by longer paths
	duplicates []duplicate
	blank      [][2]int // byte ranges of repeated expressions
	arrays     map[string]int
}

// scan reads the layout up to the end or the first error of syntax, which is for
// the decoder to report.
func scan(data []byte) *document {
	d := &document{
		data: data, lines: []int{0}, at: map[string]position{},
		defined: map[string]position{}, arrays: map[string]int{},
	}
	for i, b := range data {
		if b == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	var p unstable.Parser
	p.Reset(data)
	table, skipFrom := "", -1
	for p.NextExpression() {
		e := p.Expression()
		switch {
		case e.Kind == unstable.KeyValue && skipFrom < 0:
			if !d.keyValue(table, e) {
				d.blank = append(d.blank, [2]int{int(e.Raw.Offset), int(e.Raw.Offset + e.Raw.Length)})
			}
		case e.Kind == unstable.Table || e.Kind == unstable.ArrayTable:
			start := bytes.LastIndexByte(data[:e.Child().Raw.Offset], '[')
			if skipFrom >= 0 {
				d.blank = append(d.blank, [2]int{skipFrom, start})
				skipFrom = -1
			}
			var fresh bool
			if table, fresh = d.header(e, start); !fresh {
				skipFrom = start
			}
		}
	}
	if skipFrom >= 0 {
		d.blank = append(d.blank, [2]int{skipFrom, len(data)})
	}
	return d
}

// header notes a table and returns its path; false if it was there before.
func (d *document) header(e *unstable.Node, start int) (string, bool) {
	path, at := "", d.place(start)
	for it := e.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		if e.Kind == unstable.ArrayTable && it.IsLast() {
			d.note(path, at)
			d.arrays[path]++
		}
		if n := d.arrays[path]; n > 0 {
			path = index(path, n-1)
		}
		d.note(path, at)
	}
	fresh := d.define(path, at)
	if fresh {
		d.at[path] = at // rather than where a longer path implied it
	}
	return path, fresh
}

// keyValue notes a key with everything in its value; false if any was there before.
func (d *document) keyValue(table string, e *unstable.Node) bool {
	path, at := table, position{}
	for it := e.Key(); it.Next(); {
		if at.line == 0 {
			at = d.place(int(it.Node().Raw.Offset))
		}
		path = join(path, string(it.Node().Data))
		d.note(path, at)
	}
	fresh := d.define(path, at)
	return d.value(path, e.Value()) && fresh
}

func (d *document) value(path string, v *unstable.Node) bool {
	fresh := true
	switch v.Kind {
	case unstable.Array:
		n := 0
		for it := v.Children(); it.Next(); {
			if it.Node().Raw.Length > 0 {
				d.note(index(path, n), d.place(int(it.Node().Raw.Offset)))
			}
			fresh = d.value(index(path, n), it.Node()) && fresh
			n++
		}
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			fresh = d.keyValue(path, it.Node()) && fresh
		}
	default:
	}
	return fresh
}

// note keeps where a path was met first.
func (d *document) note(path string, at position) {
	if _, ok := d.at[path]; !ok {
		d.at[path] = at
	}
}

func (d *document) define(path string, at position) bool {
	if first, ok := d.defined[path]; ok {
		d.duplicates = append(d.duplicates, duplicate{key: path, at: at, first: first})
		return false
	}
	d.defined[path] = at
	return true
}

func (d *document) place(offset int) position {
	line := sort.SearchInts(d.lines, offset+1)
	return position{line: line, col: offset - d.lines[line-1] + 1}
}

// position returns where a path stands, or the nearest table around it.
func (d *document) position(path string) position {
	for path != "" {
		if at, ok := d.at[path]; ok {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return position{1, 1}
}

// ordered returns the keys of a table in file order.
func (d *document) ordered(table string, keys []string) []string {
	slices.SortFunc(keys, func(a, b string) int {
		x, y := d.position(join(table, a)), d.position(join(table, b))
		if x.line != y.line {
			return x.line - y.line
		}
		if x.col != y.col {
			return x.col - y.col
		}
		return strings.Compare(a, b)
	})
	return keys
}

// once returns the file with everything that repeats blanked out, so that the
// rest can be decoded and checked; lines and columns stay where they are.
func (d *document) once() []byte {
	if len(d.blank) == 0 {
		return d.data
	}
	data := bytes.Clone(d.data)
	for _, r := range d.blank {
		for i := r[0]; i < r[1]; i++ {
			if data[i] != '\n' && data[i] != '\r' {
				data[i] = ' '
			}
		}
	}
	return data
}

// join appends a key to a path, quoted where TOML would quote it.
func join(path, key string) string {
	bare := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	if !bare {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, n int) string { return path + "[" + strconv.Itoa(n) + "]" }
