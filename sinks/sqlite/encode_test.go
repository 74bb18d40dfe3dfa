package sqlite_test

import (
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"exporter/record"
	"exporter/sinks/sqlite"
)

// back returns the decimal that a stored number stands for.
func back(t testing.TB, v any) string {
	t.Helper()
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []byte:
		return string(v)
	}
	t.Fatalf("a number is stored as a %T", v)
	return ""
}

func rat(t testing.TB, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is not a number", text)
	}
	return r
}

func TestNumber(t *testing.T) {
	for cell, want := range map[string]any{
		"0": 0.0, "-0": 0.0, "0.00": 0.0, "12.50": 12.5, "100.00": 100.0, "-0.1": -0.1, "0.3": 0.3,
		"999999999999999":         999999999999999.0,
		"9007199254740993":        []byte("9007199254740993"), // 2^53 + 1
		"9007199254740992":        9007199254740992.0,
		"0.1234567890123456":      0.1234567890123456,
		"0.30000000000000004":     0.30000000000000004, // as printed from a float
		"0.30000000000000003":     []byte("0.30000000000000003"),
		"12345678901234567890.50": []byte("12345678901234567890.5"),
		"12345678901234567890.00": []byte("12345678901234567890"),
	} {
		got := sqlite.Number([]byte(cell))
		if back(t, got) != back(t, want) {
			t.Errorf("%s is stored as %v, want %v", cell, got, want)
		}
	}
}

// TestNumberIsExact: a stored number has the value of the decimal, and floats have
// its order.
func TestNumberIsExact(t *testing.T) {
	decimal := rapid.Custom(func(t *rapid.T) string {
		text := rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,25})?|-?[0-9]{1,14}\.[0-9]{2}|0\.0{0,200}[0-9]{1,20}`).Draw(t, "raw")
		if rapid.Bool().Draw(t, "printed") {
			text = strconv.FormatFloat(rapid.Float64Range(-1e15, 1e15).Draw(t, "float"), 'f', -1, 64)
		}
		cell, err := record.AppendDecimal(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return string(cell)
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := decimal.Draw(rt, "a"), decimal.Draw(rt, "b")
		va, vb := sqlite.Number([]byte(a)), sqlite.Number([]byte(b))
		if rat(t, back(t, va)).Cmp(rat(t, a)) != 0 {
			rt.Errorf("%s is stored as %v", a, va)
		}
		fa, okA := va.(float64)
		fb, okB := vb.(float64)
		if okA && okB && (fa < fb) != (rat(t, a).Cmp(rat(t, b)) < 0) {
			rt.Errorf("%s and %s are stored as %v and %v", a, b, fa, fb)
		}
		if (back(t, va) == back(t, vb)) != (rat(t, a).Cmp(rat(t, b)) == 0) {
			rt.Errorf("%s and %s are stored as %v and %v", a, b, va, vb)
		}
	})
}
