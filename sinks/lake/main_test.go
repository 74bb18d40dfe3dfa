package lake_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/sinktest"
)

const testBucket = "acme-lake"

func TestMain(m *testing.M) {
	if code, is := sinktest.Child(openTarget); is {
		os.Exit(code)
	}
	if task := os.Getenv(childVariable); task != "" {
		os.Exit(child(task))
	}
	if task := os.Getenv(memoryVariable); task != "" {
		os.Exit(memoryChild(task))
	}
	// Nobody is there: every sink of a test is told where its emulator is.
	if err := os.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1"); err != nil {
		panic(err)
	}
	// The emulator links a library that starts a goroutine for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// openTarget opens what a harness or a test names: driver, format, compression, and
// the folder, or the emulator and the prefix.
func openTarget(ctx context.Context, target string) (sinks.Sink, error) {
	f := strings.SplitN(target, " ", 4)
	if len(f) != 4 {
		return nil, fmt.Errorf("%q is no target", target)
	}
	l := layout(f[1], f[2])
	if f[0] == "files" {
		return lake.Files().Open(ctx, &lake.FilesConfig{Layout: l, Dir: f[3]})
	}
	at, prefix, _ := strings.Cut(f[3], " ")
	s, err := lake.GCS().Open(ctx, &lake.GCSConfig{Layout: l, Bucket: testBucket, Prefix: prefix})
	if err == nil {
		lake.SetPace(s)
		lake.SetService(s, at)
	}
	return s, err
}
