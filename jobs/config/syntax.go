package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"exporter/settings"
)

func duplicateText(first int) string {
	return fmt.Sprintf("written twice, first on line %d; keep one of them", first)
}

// syntaxText describes an error of syntax with an excerpt of its line. A line
// that might hold a secret is shown up to its equals sign.
func syntaxText(data []byte, line, col int, message string, plain map[string]bool) string {
	message = strings.TrimPrefix(message, "toml: ")
	lines := strings.Split(string(data), "\n")
	text := strings.TrimSuffix(lines[min(line, len(lines))-1], "\r")
	shown, whole := excerpt(text, min(col, len(text)), plain)
	number := fmt.Sprintf("%5d | ", line)
	out := fmt.Sprintf("not TOML: %s\n%s%s", message, number, shown)
	if whole {
		width := utf8.RuneCountInString(number) + utf8.RuneCountInString(text[:min(col-1, len(text))])
		out += "\n" + strings.Repeat(" ", len(number)-2) + "| " + strings.Repeat(" ", width-len(number)) + "^"
	}
	return out
}

var (
	headerLine = regexp.MustCompile(`^\s*\[{1,2}[\w.\-" ]*\]{0,2}`)
	keyLine    = regexp.MustCompile(`^\s*([a-z_]{1,32})\s*=(\s|$)`)
)

// excerpt returns what may be shown of a line up to the byte at fault, and
// whether that is all of it.
func excerpt(line string, end int, plain map[string]bool) (string, bool) {
	m := keyLine.FindStringSubmatchIndex(line)
	switch {
	case m == nil && headerLine.MatchString(line) && end <= len(headerLine.FindString(line))+1:
		return printable(line[:end]), true
	case m == nil:
		return "…", false
	case plain[line[m[2]:m[3]]] && !strings.Contains(line, "://"): // an address may hold a login
		return printable(line[:end]), true
	default:
		return printable(line[:m[1]]) + "…", false
	}
}

// printable makes a line safe for a terminal, one column per character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// plainKeys are the keys whose values are never secret wherever they stand.
func plainKeys(drivers Drivers) map[string]bool {
	plain := map[string]bool{}
	for _, table := range keyTables(drivers) {
		for name, t := range table.keys {
			hidden := t == reflect.TypeFor[settings.Secret]() || isTable(t)
			earlier, seen := plain[name]
			plain[name] = !hidden && (earlier || !seen)
		}
	}
	return plain
}
