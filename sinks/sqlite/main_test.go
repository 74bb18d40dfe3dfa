package sqlite_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"exporter/sinks"
	"exporter/sinks/sinktest"
	"exporter/sinks/sqlite"
)

func TestMain(m *testing.M) {
	code, is := sinktest.Child(func(ctx context.Context, path string) (sinks.Sink, error) {
		return sqlite.Driver().Open(ctx, &sqlite.Config{Path: path})
	})
	if is {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
