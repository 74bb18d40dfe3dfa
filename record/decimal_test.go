package record_test

import (
	"testing"

	"exporter/record"
)

func TestRounded(t *testing.T) {
	for _, c := range []struct {
		in       string
		decimals int
		want     string
	}{
		{"175.800003051758", 2, "175.8"},
		{"1991.53001403809", 2, "1991.53"},
		{"-0.005", 2, "-0.01"},
		{"-0.0049", 2, "0"},
		{"9.995", 2, "10"},
		{"999.5", 0, "1000"},
		{"0.5", 0, "1"},
		{"12.345", 9, "12.345"},
		{"12.300", 2, "12.3"},
		{"100", 2, "100"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890.125", 2, "1234567890123456789012345678901234567890123456789012345678901234567890.13"},
		{"n/a", 2, "n/a"},
		{"1.2.3", 1, "1.2.3"},
		{"1.", 1, "1."},
	} {
		if got := string(record.AppendRounded(nil, []byte(c.in), c.decimals)); got != c.want {
			t.Errorf("AppendRounded(%q, %d) = %q, want %q", c.in, c.decimals, got, c.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "-0.00": "0.00", "007": "7", ".5": "0.5", "5.": "5", "+1.50": "1.50", "1e3": "1000", "12.5E-4": "0.00125", "-1.5e1": "-15",
	} {
		got, err := record.AppendDecimal(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("AppendDecimal(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", "-", "1e", "1e9999", "1_0", "0x1", "1.2.3", "1 "} {
		if got, err := record.AppendDecimal(nil, []byte(in)); err == nil {
			t.Errorf("AppendDecimal(%q) = %q, want an error", in, got)
		}
	}
	longest, err := record.AppendDecimal(nil, []byte(".1e-999"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := record.AppendDecimal(nil, longest); err != nil || string(again) != string(longest) {
		t.Errorf("a canonical decimal with a fraction of 1,000 digits became %q, %v", again, err)
	}
}
