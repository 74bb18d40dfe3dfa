package postgres_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/sinktest"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(childVariable); mode != "" {
		os.Exit(child(mode))
	}
	code, is := sinktest.Child(func(ctx context.Context, dsn string) (sinks.Sink, error) {
		return postgres.Driver().Open(ctx, config(dsn))
	})
	if is {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
