package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
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

// A secret in the wrong place is not shown, whichever place that is.
func TestNoValueIsShown(t *testing.T) {
	full, err := os.ReadFile("testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`"[^"\n]*"`)
	places := text.FindAllIndex(full, -1)
	for _, value := range []string{`"${SHOP_TOKEN}"`, `"x${file:../secrets/token}"`, `["${SHOP_TOKEN}"]`} {
		for _, at := range places {
			changed := string(full[:at[0]]) + value + string(full[at[1]:])
			_, err := config.Parse("testdata/bad/x.toml", []byte(changed), drivers(), env)
			for _, secret := range hidden {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("%s in place of %s shows %s:\n%v", value, full[at[0]:at[1]], secret, err)
				}
			}
		}
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
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
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
