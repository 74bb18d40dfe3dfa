package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"exporter/settings"
	"exporter/sinks"
	"exporter/sinks/sqlite"
)

func TestValidate(t *testing.T) {
	const want = `is not the path of a file; write it plainly, such as "exporter-data.db"`
	for path, text := range map[string]string{
		"data.db":     "",
		"/a/b?c=d#.x": "",
		"":            `is missing; write the path of a file, such as "exporter-data.db"`,
		":memory:":    want, "file:data.db": want, "sqlite:data.db": want,
		"folder/": `is not the path of a file; write one, such as "exporter-data.db"`,
	} {
		var problems []settings.Problem
		if text != "" {
			problems = []settings.Problem{settings.Problemf("path", "%s", text)}
		}
		if d := cmp.Diff(problems, (&sqlite.Config{Path: path}).Validate()); d != "" {
			t.Errorf("%q (-want +got):\n%s", path, d)
		}
	}
}

func TestResolve(t *testing.T) {
	for path, want := range map[string]string{"data.db": "/etc/x/data.db", "../data.db": "/etc/data.db", "/data.db": "/data.db", "": "", ":memory:": ":memory:"} {
		c := &sqlite.Config{Path: path}
		sinks.Relative(c).Resolve("/etc/x")
		if c.Path != want {
			t.Errorf("%q becomes %q, want %q", path, c.Path, want)
		}
	}
}

// TestTarget: one file is one target, by whatever path and before it is there.
func TestTarget(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	want := "sqlite:" + filepath.Join(dir, "data.db")
	for range 2 {
		for _, path := range []string{filepath.Join(dir, "data.db"), filepath.Join(link, "data.db"), dir + "/../" + filepath.Base(dir) + "/data.db"} {
			if got := (&sqlite.Config{Path: path}).Target(); got != want {
				t.Errorf("target of %s is %s, want %s", path, got, want)
			}
		}
		bring(t, open(t, filepath.Join(link, "data.db")), batch(1, "a"))
	}
}

func TestSample(t *testing.T) {
	c := sqlite.Driver().Config().(*sqlite.Config)
	var file struct {
		Sinks map[string]map[string]string
	}
	if err := toml.Unmarshal([]byte(sqlite.Driver().Sample), &file); err != nil {
		t.Fatal(err)
	}
	c.Path = file.Sinks["local"]["path"]
	if p := c.Validate(); len(p) > 0 || file.Sinks["local"]["driver"] != "sqlite" {
		t.Errorf("sample has %v: %v", file, p)
	}
}

// TestOddPath has what a URL would read as something else.
func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=ro#%41&é.db")
	bring(t, open(t, path), batch(2, "a"))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
