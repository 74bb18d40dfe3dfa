package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxSecretFile bounds what ${file:…} reads.
const maxSecretFile = 1 << 20

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// broken stands for a value that was reported already; decoding passes over it.
type broken struct{}

// expander interpolates string values, see the package comment.
type expander struct {
	*report
	dir string
	env func(string) (string, bool)
}

// value returns v with every string in it interpolated.
func (e *expander) value(key string, v any) any {
	switch v := v.(type) {
	case string:
		s, ok := e.text(key, v)
		if !ok {
			return broken{}
		}
		return s
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = e.value(index(key, i), v[i])
		}
		return out
	case map[string]any:
		return e.interpolate(key, v)
	default:
		return v
	}
}

func (e *expander) interpolate(key string, table map[string]any) map[string]any {
	out := make(map[string]any, len(table))
	for _, k := range sortedKeys(table) {
		out[k] = e.value(join(key, k), table[k])
	}
	return out
}

// text interpolates one string; false if something in it was reported.
func (e *expander) text(key, s string) (string, bool) {
	var out strings.Builder
	good := true
	for {
		before, rest, found := strings.Cut(s, "$")
		out.WriteString(before)
		switch {
		case !found:
			return out.String(), good
		case strings.HasPrefix(rest, "$"):
			out.WriteByte('$')
			s = rest[1:]
		case strings.HasPrefix(rest, "{"):
			reference, after, closed := strings.Cut(rest[1:], "}")
			if !closed {
				e.add(key, "\"${\" without \"}\"; close it, or write $${ for these two characters themselves")
				return "", false
			}
			value, err := e.lookup(key, reference)
			if err != nil {
				e.add(key, "%v", err)
				good = false
			}
			out.WriteString(value)
			s = after
		default:
			out.WriteByte('$')
			s = rest
		}
	}
}

// lookup returns what stands for ${reference}.
func (e *expander) lookup(key, reference string) (string, error) {
	if name, ok := strings.CutPrefix(reference, "file:"); ok {
		value, err := e.file(key, name)
		e.mask.secret(value, "${"+reference+"}")
		return value, err
	}
	name, def, hasDefault := strings.Cut(reference, ":-")
	if !variable.MatchString(name) || strings.Contains(def, "${") {
		// The text is not repeated: somebody may have put a password there.
		return "", fmt.Errorf("what stands in ${…} is neither a variable nor a file; write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for these two characters themselves")
	}
	value, set := e.env(name)
	switch {
	case hasDefault && value == "":
		return def, nil
	case !set:
		return "", fmt.Errorf("environment variable %s is not set; set it, or write ${%s:-default}", name, name)
	}
	e.mask.word(value, "${"+name+"}")
	return value, nil
}

// file returns the content of a file without its trailing line break.
func (e *expander) file(key, name string) (value string, err error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot read ${file:%s}: %w; relative paths start at the configuration's folder", name, bare(err))
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("cannot read ${file:%s}: it is not a regular file; name the file that holds the value", name)
	case info.Size() > maxSecretFile:
		return "", fmt.Errorf("cannot read ${file:%s}: it is larger than 1MiB; name the file that holds the value", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot read ${file:%s}: %w; let the user who runs the exporter read it", name, bare(err))
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot read ${file:%s}: %w", name, bare(err))
	case !utf8.Valid(content) || strings.ContainsRune(string(content), 0):
		return "", fmt.Errorf("cannot use ${file:%s}: it is not text in UTF-8", name)
	}
	if exposed(path, info) {
		e.warn(key, "every user of this machine can read %s; make it readable for its owner alone: chmod 600", path)
	}
	value = strings.TrimSuffix(string(content), "\n")
	return strings.TrimSuffix(value, "\r"), nil
}

// exposed tells whether others than owner and group may read a file. Secrets
// that a container engine mounts are visible in the container only.
func exposed(path string, info os.FileInfo) bool {
	mounted := strings.HasPrefix(path, "/run/") || strings.HasPrefix(path, "/var/run/")
	return info.Mode().Perm()&0o004 != 0 && !mounted
}
