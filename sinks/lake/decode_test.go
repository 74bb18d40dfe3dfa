package lake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
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
