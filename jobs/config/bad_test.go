package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/jobs/config"
)

var update = flag.Bool("update", false, "rewrite expected messages and the example file")

// Every file of testdata/bad holds a mistake, the file beside it the whole message.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := config.Load(file, drivers(), env)
			if err == nil || cfg != nil {
				t.Fatalf("got %v, %v; want an error alone", cfg, err)
			}
			if fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" {
				t.Errorf("class %s, hint %q", fault.ClassOf(err), fault.HintOf(err))
			}
			got := err.Error() + "\n"
			for _, secret := range hidden {
				if strings.Contains(got, secret) {
					t.Errorf("shows %q:\n%s", secret, got)
				}
			}
			checkIssues(t, file, config.Errors(err))
			compare(t, strings.TrimSuffix(file, ".toml")+".txt", got)
		})
	}
}

func checkIssues(t *testing.T, file string, issues []config.Issue) {
	t.Helper()
	if len(issues) == 0 {
		t.Fatal("no list of issues")
	}
	for i, issue := range issues {
		if issue.File != file || issue.Line < 1 || issue.Col < 1 || issue.Text == "" {
			t.Errorf("incomplete: %+v", issue)
		}
		if i > 0 && issue.Line < issues[i-1].Line {
			t.Errorf("line %d after line %d", issue.Line, issues[i-1].Line)
		}
	}
}

// compare compares a text with the file that holds what it should be.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
