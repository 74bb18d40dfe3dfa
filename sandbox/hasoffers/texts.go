package hasoffers

import (
	"fmt"
	"strings"
)

// text is a value with its form inside a JSON string, escaped as the vendor does
// it: slashes and everything outside ASCII (§4).
type text struct{ raw, json string }

func texts(raw ...string) []text {
	out := make([]text, len(raw))
	for i, s := range raw {
		out[i] = text{raw: s, json: string(appendEscaped(nil, s))}
	}
	return out
}

// appendEscaped appends s as the inside of a JSON string.
func appendEscaped(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '/':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < 0x20 || r >= 0x7f && r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		case r >= 0x10000:
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			dst = append(dst, byte(r))
		}
	}
	return dst
}

var (
	statuses     = texts("approved", "pending", "rejected")
	payoutTypes  = texts("cpa_flat", "cpa_flat", "cpa_percentage", "cpa_both")
	countries    = texts("US", "US", "US", "DE", "GB", "FR", "CZ", "IL", "BR", "INT")
	sources      = texts("newsletter", "search", "social/paid", "FP", "NEX", "testoffer", "coupon \"spring\"", "")
	affiliates1  = texts("FP", "PD", "THM", "app_admin", "", "", "landing/blue", "a;b,c")
	remarkable   = texts("", "Zürich", "naïve\tcafé", "日本語", "🛒 cart", "line one\r\nline two", `back\slash`, "")
	refers       = texts("", "", "http://www.example.com", "https://shop.example.com/checkout?step=3&ref=a/b", "https://news.example.org/2026/article.html", "http://example.net/?q=%C3%BC")
	pixelRefers  = texts("", "", "", "https://shop.example.com/thank-you")
	userAgents   = texts(agents()...)
	cities       = texts("", "New York", "München", "São Paulo", "Praha", "Tel Aviv")
	regions      = texts("", "NY", "BY", "SP", "PR", "TA")
	promos       = texts("", "", "", "SPRING10", "WELCOME")
	categories   = texts("", "shoes", "books & maps", "garden/tools")
	versions     = texts("", "4.2.0", "4.2.1", "5.0.0-beta")
	clickCodes   = [...][3]int64{{43, 41, 42}, {31, 31, 31}, {12, 17, 11}}    // by status: approved, pending, rejected (§6)
	apiCodes     = [...][3]int64{{100, 101, 52}, {22, 31, 100}, {23, 99, 19}} // rows made by API, upload or hand
	longAgent    = texts("Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 " + strings.Repeat("[FBAN/EMA;FBLC/de_DE;FBAV/410.0.0.11.106;] ", 8))[0]
	longRefer    = texts("https://track.example.com/redirect?target=" + strings.Repeat("https%3A%2F%2Fexample.org%2Fpath%2F", 12))[0]
	nulText      = text{raw: "nul\x00byte", json: `nul\u0000byte`}
	emptyText    = text{}
	unknownPlace = texts("INT")[0]
)

func agents() []string {
	out := []string{"", "Jakarta Commons-HttpClient/3.1"}
	for _, platform := range []string{"Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "iPhone; CPU iPhone OS 17_5 like Mac OS X"} {
		for _, version := range []int{118, 124, 126} {
			out = append(out, fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", platform, version))
		}
	}
	return out
}

func choose(list []text, x uint64) text { return list[x%uint64(len(list))] }
