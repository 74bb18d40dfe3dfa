package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestSourcesHavePages wants a page for each source that names its streams, its
// settings and the options of its jobs.
func TestSourcesHavePages(t *testing.T) {
	for _, d := range drivers().Sources {
		path := filepath.Join("..", "..", "sources", d.Name, "README.md")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		names := keysOf(d.Config())
		for _, k := range d.Kinds {
			names = append(append(names, k.Name), keysOf(k.Options())...)
		}
		for _, name := range names {
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("%s does not tell of `%s`", path, name)
			}
		}
	}
}

// keysOf are the keys of a pointer to a struct, those inside others not.
func keysOf(settings any) []string {
	var keys []string
	for f := range reflect.TypeOf(settings).Elem().Fields() {
		if key, _, _ := strings.Cut(f.Tag.Get("toml"), ","); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinksLeadSomewhere follows the links between the pages of the project.
func TestLinksLeadSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, pattern := range []string{"*.md", "cmd/exporter/*.md", "sources/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(pages) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(pages), err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
					t.Errorf("%s: %v", page, err)
				}
			}
		}
	}
}
