package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"exporter/fault"
	"exporter/jobs/config"
)

// output holds the rules of what a user reads: data goes to stdout, as text or
// (json) as one object per line, never both; errors, hints, warnings, notes and
// progress go to stderr. It is safe for concurrent use.
type output struct {
	json bool
	zone *time.Location // of instants in texts; nil = as they are

	mu             sync.Mutex
	stdout, stderr io.Writer
	err            error // the first failure to write data
}

func newOutput(stdout, stderr io.Writer) *output { return &output{stdout: stdout, stderr: stderr} }

// object prints one object of the --json contract.
func (o *output) object(v any) {
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // our own structs of strings, numbers and times always encode
	}
	o.data(line.String())
}

// text prints data for people.
func (o *output) text(format string, args ...any) { o.data(fmt.Sprintf(format, args...)) }

func (o *output) data(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := io.WriteString(o.stdout, s); err != nil && o.err == nil {
		o.err = fmt.Errorf("write output: %w", err)
	}
}

// table prints rows under a header, in columns without lines, so that a screen
// and a pipe read it alike. An empty cell shows as "-".
func (o *output) table(header []string, rows [][]string) {
	t := o.writer()
	t.AppendHeader(cells(header))
	for _, r := range rows {
		for i := range r {
			r[i] = o.local(r[i])
		}
	}
	o.render(t, rows)
}

// typed is a table whose columns have their types under their names, as written.
func (o *output) typed(header, types []string, rows [][]string) {
	t := o.writer()
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(cells(header))
	t.AppendHeader(cells(types))
	o.render(t, rows)
}

func (o *output) writer() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

func (o *output) render(t table.Writer, rows [][]string) {
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	o.text("%s\n", t.Render())
}

func cells(texts []string) table.Row {
	row := make(table.Row, len(texts))
	for i, s := range texts {
		if s == "" {
			s = "-"
		}
		row[i] = oneLine(s)
	}
	return row
}

// oneLine keeps a text, which may be a vendor's, from breaking out of its line: no
// control characters, those of eight bits among them, and no marks that turn the
// reading direction of what stands beside them.
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
}

// note prints a sentence that is no data.
func (o *output) note(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	// Nobody is left to tell that stderr is gone.
	_, _ = fmt.Fprintf(o.stderr, "%s\n", oneLine(fmt.Sprintf(format, args...)))
}

// utcInstant is an instant as errors and the state write it.
var utcInstant = regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b`)

// local puts the instants in a text, most of them an error's, on the clock that the
// rest of the screen shows. Texts that a person may copy, hints and commands, stay.
func (o *output) local(s string) string {
	if o.zone == nil {
		return s
	}
	return utcInstant.ReplaceAllStringFunc(s, func(text string) string {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return text
		}
		return clock(t, o.zone)
	})
}

func (o *output) warn(s string) { o.note("warning: %s", o.local(s)) }

// fail prints a failure: a line for each error joined in it, and under the last
// of neighbours with the same hint that hint.
func (o *output) fail(err error) { o.failEach(apart(err)) }

func (o *output) failEach(all []error) {
	hint := ""
	for _, e := range all {
		if h := fault.HintOf(e); h != hint {
			o.hint(hint)
			hint = h
		}
		text := e.Error()
		if fault.ClassOf(e) != fault.Config { // those show what to write
			text = o.local(text)
		}
		o.note("error: %s", text)
	}
	o.hint(hint)
}

func (o *output) hint(h string) {
	if h != "" {
		o.note("hint: %s", h)
	}
}

// issues returns what is wrong with a configuration, error by error.
func issues(err error) []error {
	var all []error
	for _, i := range config.Errors(err) {
		all = append(all, &fault.Error{Class: fault.Config, Msg: i.String(), Hint: fault.HintOf(err)})
	}
	return all
}

// apart takes joined errors apart, those of a configuration into its issues. A
// join inside a message belongs to the message and stays.
func apart(err error) []error {
	if all := issues(err); len(all) > 0 {
		return all
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, apart(e)...)
	}
	return all
}

// terminal returns the width of the terminal that w is, 0 if it is none.
func terminal(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
