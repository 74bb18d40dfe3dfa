package lake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"exporter/record"
	"exporter/sinks/sinktest"
)

// objects is what a reader of a lake can do.
type objects interface {
	names() ([]string, error)
	// below returns the names that begin with start.
	below(start string) ([]string, error)
	// get returns the content of an object of a generation, of any if that is 0.
	get(name string, generation int64) ([]byte, error)
}

var errNoObject = errors.New("there is no such object")

// folder reads what the files driver writes.
type folder string

func (f folder) names() ([]string, error) { return f.below("") }

func (f folder) below(start string) (list []string, err error) {
	err = filepath.WalkDir(string(f), func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(path, string(f))), "/")
		switch {
		case err != nil:
		case !d.IsDir() && strings.HasPrefix(name, start):
			list = append(list, name)
		case d.IsDir() && !strings.HasPrefix(name, start) && !strings.HasPrefix(start, name):
			return filepath.SkipDir
		}
		return err
	})
	return list, err
}

func (f folder) get(name string, generation int64) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoObject
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // was only read
	info, err := file.Stat()
	if err == nil && generation != 0 && info.ModTime().UnixNano() != generation {
		return nil, errNoObject
	}
	content, readErr := io.ReadAll(file)
	return content, errors.Join(err, readErr)
}

// listing is the part of a manifest that readers need, as the README tells them.
type listing struct {
	State   string `json:"state"`
	Objects []struct {
		Table            string `json:"table"`
		Name             string `json:"name"`
		Generation       int64  `json:"generation"`
		Staged           string `json:"staged"`
		StagedGeneration int64  `json:"staged_generation"`
		Rows             int64  `json:"rows"`
	} `json:"objects"`
}

// family is how the names of all tables begin that a load of these tests may fill
// beside a table: the manifest is in the folder of the first.
func family(table string) string {
	table = strings.TrimSuffix(table, "_rejects")
	if n := len(table) - 2; n > 0 && table[n] == '_' {
		return table[:n]
	}
	return table
}

// table reads a table through the manifests: all objects of a manifest or none, and
// the manifest again if one of them is gone.
func table(from objects, name string, columns []record.Column) ([][]string, error) {
	names, err := from.below(family(name))
	if err != nil {
		return nil, err
	}
	var list [][]string
	for _, n := range names {
		if !strings.HasPrefix(filepath.Base(n), "_manifest-") {
			continue
		}
		rows, err := slice(from, n, name, columns)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	return list, nil
}

func slice(from objects, manifest, table string, columns []record.Column) ([][]string, error) {
again:
	for range 1000 {
		text, err := from.get(manifest, 0)
		if errors.Is(err, errNoObject) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var m listing
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", manifest, err)
		}
		if m.State == "loading" {
			return nil, nil
		}
		var list [][]string
		for _, o := range m.Objects {
			if o.Table != table {
				continue
			}
			at, generation := o.Name, o.Generation
			if o.Staged != "" {
				at, generation = o.Staged, o.StagedGeneration
			}
			content, err := from.get(at, generation)
			if errors.Is(err, errNoObject) {
				if later, err := from.get(manifest, 0); err == nil && bytes.Equal(later, text) {
					return nil, nil // somebody dropped it
				}
				continue again
			}
			if err != nil {
				return nil, err
			}
			rows, err := decode(o.Name, content, columns)
			if err != nil || int64(len(rows)) != o.Rows {
				return nil, fmt.Errorf("%s has %d rows, its manifest says %d: %w", o.Name, len(rows), o.Rows, err)
			}
			list = append(list, rows...)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%s: no manifest had its objects", manifest)
}

// decode reads the columns of an object as sinktest wants them; what it has not is null.
func decode(name string, content []byte, columns []record.Column) ([][]string, error) {
	var in io.Reader = bytes.NewReader(content)
	switch filepath.Ext(name) {
	case ".parquet":
		return decodeParquet(content, columns)
	case ".zst":
		r, err := zstd.NewReader(in)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		in = r
	case ".gz":
		r, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = r
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if strings.Contains(filepath.Base(name), ".csv") {
		return decodeCSV(string(text), columns)
	}
	return decodeJSON(text, columns)
}

// decodeCSV reads RFC 4180 with its line ends, telling nothing from "".
func decodeCSV(text string, columns []record.Column) ([][]string, error) {
	var lines [][]string
	for len(text) > 0 {
		var line []string
		for {
			var cell string
			if strings.HasPrefix(text, `"`) {
				var b strings.Builder
				text = text[1:]
				for {
					i := strings.IndexByte(text, '"')
					if i < 0 {
						return nil, errors.New("a quote is not closed")
					}
					b.WriteString(text[:i])
					if text = text[i+1:]; !strings.HasPrefix(text, `"`) {
						break
					}
					b.WriteByte('"')
					text = text[1:]
				}
				cell = b.String()
			} else {
				i := strings.IndexAny(text, ",\r")
				if cell = text[:i]; cell == "" {
					cell = sinktest.Null
				}
				text = text[i:]
			}
			line = append(line, cell)
			if rest, more := strings.CutPrefix(text, ","); more {
				text = rest
				continue
			}
			rest, end := strings.CutPrefix(text, "\r\n")
			if !end {
				return nil, fmt.Errorf("after a cell comes %.20q", text)
			}
			text = rest
			break
		}
		lines = append(lines, line)
	}
	var list [][]string
	for _, line := range lines[1:] {
		if len(line) != len(lines[0]) {
			return nil, fmt.Errorf("a line has %d cells, the header %d", len(line), len(lines[0]))
		}
		var row []string
		for _, c := range columns {
			cell := sinktest.Null
			if i := slices.Index(lines[0], c.Name); i >= 0 {
				cell = line[i]
			}
			row = append(row, cell)
		}
		list = append(list, row)
	}
	return list, nil
}

func decodeJSON(text []byte, columns []record.Column) ([][]string, error) {
	var list [][]string
	for line := range bytes.Lines(text) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(line, &fields); err != nil {
			return nil, fmt.Errorf("%.80q: %w", line, err)
		}
		var row []string
		for _, c := range columns {
			raw, there := fields[c.Name]
			cell := string(raw)
			switch {
			case !there || cell == "null" && c.Type != record.JSON:
				cell = sinktest.Null
			case cell != "" && cell[0] == '"' && c.Type != record.JSON:
				if err := json.Unmarshal(raw, &cell); err != nil {
					return nil, err
				}
			}
			row = append(row, cell)
		}
		list = append(list, row)
	}
	return list, nil
}

func decodeParquet(content []byte, columns []record.Column) ([][]string, error) {
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	fields := file.Schema().Fields()
	var list [][]string
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				var cells []string
				for _, c := range columns {
					cell := sinktest.Null
					for i, f := range fields {
						if f.Name() == c.Name && !row[i].IsNull() {
							cell = parquetCell(f.Type(), row[i])
						}
					}
					cells = append(cells, cell)
				}
				list = append(list, cells)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// parquetCell goes by the type that the file says, not by the one that is expected.
func parquetCell(t parquet.Type, v parquet.Value) string {
	logical := ""
	if l := t.LogicalType(); l != nil {
		logical = l.String()
	}
	switch {
	case t.Kind() == parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case t.Kind() == parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case strings.HasPrefix(logical, "DATE"):
		return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)
	case strings.HasPrefix(logical, "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"):
		return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02T15:04:05.999999Z")
	case strings.HasPrefix(logical, "TIMESTAMP(isAdjustedToUTC=false,unit=MICROS)"):
		return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02T15:04:05.999999")
	case strings.HasPrefix(logical, "DECIMAL(38,9)"), strings.HasPrefix(logical, "DECIMAL(precision=38,scale=9)"):
		return decimalText(v.ByteArray())
	case t.Kind() == parquet.Int64 && logical == "INT(64,true)":
		return strconv.FormatInt(v.Int64(), 10)
	case t.Kind() == parquet.ByteArray && (logical == "STRING" || logical == "JSON"):
		return string(v.ByteArray())
	}
	return fmt.Sprintf("%s %s %v", t, logical, v)
}

// decimalText writes billionths in two's complement.
func decimalText(b []byte) string {
	n := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	text := fmt.Sprintf("%010s", new(big.Int).Abs(n))
	text = strings.TrimRight(text[:len(text)-9]+"."+text[len(text)-9:], "0")
	if n.Sign() < 0 {
		text = "-" + text
	}
	return strings.TrimSuffix(text, ".")
}
