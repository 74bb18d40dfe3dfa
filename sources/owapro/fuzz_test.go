package owapro_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sources/owapro"
)

const csvHead = "date;acc_channel;customer_trackgroup;sale_count;sale_amount;ctr\r\n"

// Whatever comes, every line is a row, a reject or the summary, or there is an error.
func FuzzCSV(f *testing.F) {
	for _, body := range []string{
		csvHead + "2026-03-05;Ads;SEO;5;1,5 €;12,5 %\r\nTotal;;;5;1,5;1\r\n",
		csvHead + "05.03.2026;\"A\"\"d\ns\";1;1.234;1.234,50;n/a\r\n",
		"\ufeffdate,acc_channel,customer_trackgroupid,customer_trackgroup,sale_count,sale_amount,ctr\n2026-03-05,S\xfcd,2,x,1,2,3\n",
		"Date\tAcc Channel\tCustomer Trackgroup\tSale Count\tSale Amount\tCTR\n2026-03-05\ta\tSEO\t1\t2\t3\n", "", "\n\n", ";;;\n",
		csvHead + "2026-03-05;Ads;SEO;5;1µµµµµµµµµµµµµµµµµµ3µµ.234,50;1\r\n",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, rejects, lines, err := owapro.ReadCSV(body)
		if got := int64(rows + rejects); err == nil && got != lines && got != lines-1 {
			t.Fatalf("%d rows and %d rejects of %d lines", rows, rejects, lines)
		}
	})
}

// What is read of a CSV, and what is said of a bad one, is that of encoding/csv.
func FuzzLines(f *testing.F) {
	for _, text := range []string{
		"a;b\r\nc;d\r\n", "a;b\nc;\"d\"\"e\nf\"\n\n;;\n", "\"a\"b;c\n", "a\"b;c\n", "x;y\n\"open\nline;z\n", "a;b\r", "a\rb;c\n\r\n\r", "\n\n\"q\";1\nx\n\"",
		"\"a\";\"\r\n\";b\r\nplain;1;2\n\"x\ny\n", "\ufeffa;\"b\"\nü;\xff\n", "a;b\n\"c\";d\r", "", "\r", strings.Repeat("long;", 20) + "\n\"" + strings.Repeat("q\n", 20) + "\";1\n",
	} {
		for _, delimiter := range []byte(";,\t|") {
			f.Add([]byte(text), delimiter)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, delimiter byte) {
		if strings.IndexByte(";,\t|", delimiter) < 0 {
			return
		}
		for _, size := range []int{16, 1 << 16} {
			whole := csv.NewReader(bytes.NewReader(text))
			whole.Comma, whole.FieldsPerRecord = rune(delimiter), -1
			records, from, last, err := owapro.Lines(text, rune(delimiter), size)
			for i := 0; ; i++ {
				want, wantErr := whole.Read()
				if wantErr != nil {
					if i != len(records) || err.Error() != wantErr.Error() {
						t.Fatalf("%q: after %d records %v, want after %d records %v", text, len(records), err, i, wantErr)
					}
					break
				}
				line, _ := whole.FieldPos(0)
				if i >= len(records) || !slices.Equal(records[i], want) || from[i] != line {
					t.Fatalf("%q: records %q begin in lines %d, want record %d to be %q in line %d; error %v", text, records, from, i, want, line, err)
				}
			}
			if errors.Is(err, io.EOF) && len(text) > 0 && last != text[len(text)-1] {
				t.Fatalf("%q: the last byte is %q", text, last)
			}
		}
	})
}

// Whatever comes, what is not a good answer is an error with a class.
func FuzzJSON(f *testing.F) {
	for _, body := range []string{
		`{"status":1,"data":[{"status":{"code":0,"items":1},"data_blockid":"1","data":[{"date":"2026-03-05","customer_trackgroupid":1,"sale_count":"5"}],"metadata":{"dimension":{"customer_trackgroup":{"dict":{"1":"SEO"}}},"metric":[]}}]}`,
		`{"status":0,"data":[],"message":{"error":{"1":"no"}}}`, `{"status":1,"data":[{"metadata":{"metric":{"ctr":{"sum":"1","cnt":"x"}}},"data":[{"ctr":[1,"a",null]},[]]}]}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := owapro.ReadJSON(body); err != nil {
			var classified *fault.Error
			if !errors.As(err, &classified) {
				t.Fatalf("%q: error without a class: %v", body, err)
			}
		}
	})
}
