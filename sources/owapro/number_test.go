package owapro_test

import (
	"math/big"
	"strings"
	"testing"

	"exporter/record"
	"exporter/sources/owapro"
)

func TestNumbersOfCSV(t *testing.T) {
	for _, c := range []struct {
		text, decimal, thousands string
		want, mark, verdict      string
	}{
		{"0", "", "", "0", "", "number"},
		{"1234", "", "", "1234", "", "number"},
		{"-7", "", "", "-7", "", "number"},
		{"−7", "", "", "-7", "", "number"},
		{"+7", "", "", "7", "", "number"},
		{"12.5", "", "", "12.5", ".", "number"},
		{"12,50", "", "", "12.5", ",", "number"},
		{"0.125", "", "", "0.125", ".", "number"},
		{"1234,567", "", "", "1234.567", ",", "number"},
		{"1.234", "", "", "1.234", "", "ambiguous"},
		{"-1,234 €", "", "", "-1,234 €", "", "ambiguous"},
		{"1.234", ",", "", "1234", ",", "number"},
		{"1.234", ".", "", "1.234", ".", "number"},
		{"1.234", "", "none", "1.234", ".", "number"},
		{"1.234", "", ".", "1234", ",", "number"},
		{"1,234", "", " ", "1.234", ",", "number"},
		{"1.234.567", "", "", "1234567", ",", "number"},
		{"1.234,5", "", "", "1234.5", ",", "number"},
		{"1,234.5", "", "", "1234.5", ".", "number"},
		{"1 234,5", "", "", "1234.5", ",", "number"},
		{"1\u00a0234\u00a0567", "", "", "1234567", "", "number"},
		{"1'234.50", "", "", "1234.5", ".", "number"},
		{"12.5 %", "", "", "12.5", ".", "number"},
		{"12.5%", ".", "", "12.5", ".", "number"},
		{"€1.50", "", "", "1.5", ".", "number"},
		{"-€1.50", "", "", "-1.5", ".", "number"},
		{"€-1.50", "", "", "-1.5", ".", "number"},
		{"1,50 EUR", "", "", "1.5", ",", "number"},
		{"1.5e-05", "", "", "0.000015", ".", "number"},
		{"3E3", "", "", "3000", "", "number"},
		{"100.00", "", "", "100", ".", "number"},
		{"-0.00", ".", "", "0", ".", "number"},
		{"12.5", ",", "", "12.5", ",", "not a number"},
		{"1.2345", ",", "", "1.2345", ",", "not a number"},
		{"1.23.456", "", "", "1.23.456", "", "not a number"},
		{"1,234,5", ".", "", "1,234,5", ".", "not a number"},
		{"1.234.5", ".", "", "1.234.5", ".", "not a number"},
		{"n/a", "", "", "n/a", "", "not a number"},
		{"", "", "", "", "", "not a number"},
		{"-", "", "", "-", "", "not a number"},
		{"1-2", "", "", "1-2", "", "not a number"},
		{"USD 5", "", "", "USD 5", "", "not a number"},
		{"$ 1.50", "", "", "$ 1.50", "", "not a number"}, // where euros are asked for
		{"1,50 £", "", "", "1,50 £", "", "not a number"},
		{"₡ 1.50", "", "", "1.5", ".", "number"}, // a symbol that is not known
		{"12:30", "", "", "12:30", "", "not a number"},
		{",", "", "", ",", "", "not a number"},
		{"1e", "", "", "1e", "", "not a number"},
	} {
		got, mark, verdict := owapro.Number(c.text, c.decimal, c.thousands)
		if got != c.want || mark != c.mark || verdict != c.verdict {
			t.Errorf("%q, decimal %q, thousands %q: got %q, mark %q, %s; want %q, mark %q, %s",
				c.text, c.decimal, c.thousands, got, mark, verdict, c.want, c.mark, c.verdict)
		}
	}
}

func TestDates(t *testing.T) {
	const first, last = 17744, 17774 // of August 2018
	for text, want := range map[string]string{
		"2018-08-30": "2018-08-30", "30.08.2018": "2018-08-30", "30/08/2018": "2018-08-30", "08/30/2018": "2018-08-30",
		"08/08/2018": "2018-08-08", "8/9/2018": "2018-08-09", "9/8/2018": "2018-08-09",
		"01/02/2017": "01/02/2017", "31/31/2018": "31/31/2018", "Total": "Total", "1.2": "1.2", "2018/08/30": "2018/08/30",
	} {
		if got := owapro.Date(text, first, last); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// The short way to a number comes to what the long way does.
func FuzzQuickNumbers(f *testing.F) {
	for _, seed := range []string{"12", "-12.50", "0", "-0", "0.0", "00.1", "1.", ".5", "-", "1,5", "1.2.3", "100", "999999999999999999", "-1.000"} {
		for _, decimal := range []string{"", ".", ","} {
			f.Add(seed, decimal)
		}
	}
	f.Fuzz(func(t *testing.T, text, decimal string) {
		if decimal != "" && decimal != "." && decimal != "," {
			return
		}
		got, v, scale, ok := owapro.Quick(text, decimal)
		if !ok {
			return
		}
		want, mark, verdict := owapro.LongWay(text, decimal, "")
		if verdict != "number" || got != want || mark != decimal {
			t.Fatalf("%q with the mark %q: %q the short way, %q and a mark of %q the long way, which is %s", text, decimal, got, want, mark, verdict)
		}
		var sum, whole record.Sum
		sum.AddScaled(v, scale)
		whole.AddDecimal([]byte(want))
		if sum.String() != whole.String() {
			t.Fatalf("%q is taken for %s", text, sum.String())
		}
	})
}

// A text is either left as it stands or a decimal whose digits are those of the text.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"1.234,5", "1'234", "12.5 %", "€1,50", "1.5e-05", "1.234", "n/a", "−3"} {
		f.Add(seed, "", "")
	}
	f.Add("1.234", ",", ".")
	f.Fuzz(func(t *testing.T, text, decimal, thousands string) {
		if len(text) > 60 || decimal != "" && decimal != "." && decimal != "," || thousands != "" && !strings.Contains(".,' ", thousands) || len(thousands) > 1 {
			return
		}
		got, mark, verdict := owapro.Number(text, decimal, thousands)
		if long, longMark, longVerdict := owapro.LongWay(text, decimal, thousands); got != long || mark != longMark || verdict != longVerdict {
			t.Fatalf("%q is %q, %s, mark %q; the long way %q, %s, mark %q", text, got, verdict, mark, long, longVerdict, longMark)
		}
		if verdict != "number" {
			if got != text {
				t.Fatalf("%q is %s and became %q", text, verdict, got)
			}
			return
		}
		if _, ok := new(big.Rat).SetString(got); !ok {
			t.Fatalf("%q became %q", text, got)
		}
		again, _, v := owapro.Number(got, ".", "none")
		if v != "number" || again != got {
			t.Fatalf("%q became %q, and that %q", text, got, again)
		}
		if decimal != "" && mark != decimal {
			t.Fatalf("%q changed the decimal mark from %q to %q", text, decimal, mark)
		}
	})
}
