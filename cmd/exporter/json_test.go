package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/status"
)

// TestJSONIsDocumented compares the sections of JSON.md with what is printed:
// same keys, same order, same optionality.
func TestJSONIsDocumented(t *testing.T) {
	objects := map[string]any{
		"config": configObject{}, "issue": issueObject{}, "connection": connectionObject{},
		"stream": streamObject{}, "table": tableObject{}, "column": columnObject{},
		"preview": previewObject{}, "row": rowObject{}, "reject": rejectObject{},
		"planned": plannedObject{}, "plan": planObject{}, "backfill": backfillObject{}, "purge": purgeObject{}, "paused": pausedObject{}, "forgiven": forgivenObject{}, "run": status.Run{},
		"slice of run": endedObject{}, "slice of slices": status.Slice{}, "sink": status.Sink{},
		"job": status.Job{}, "quota": quotaObject{}, "quota_day": quotaDayObject{}, "using": usingObject{}, "auth": authObject{}, "login": loginObject{}, "logout": logoutObject{}, "init": initObject{},
		"loaded": loadedObject{}, "demo": demoObject{},
		"failure": status.Failure{}, "health": status.Health{},
		"sandbox": sandboxObject{}, "backup": backupObject{}, "restore": restoreObject{}, "version": versionObject{},
	}
	data, err := os.ReadFile("JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\|")
	for _, section := range strings.Split(string(data), "\n## ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			documented[name] = append(documented[name], key(m[1], strings.Contains(m[2], "if any")))
		}
	}
	printed := map[string][]string{}
	for name, object := range objects {
		for f := range reflect.TypeOf(object).Fields() {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.IsExported() {
				printed[name] = append(printed[name], key(tag, options != ""))
			}
		}
	}
	if diff := cmp.Diff(printed, documented); diff != "" {
		t.Errorf("JSON.md and the program differ (-printed +documented):\n%s", diff)
	}
}

func key(name string, optional bool) string {
	if optional {
		return name + "?"
	}
	return name
}
