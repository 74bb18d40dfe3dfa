package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"exporter/sinks/sinktest"
)

func TestMain(m *testing.M) {
	code, is := sinktest.Child(openTarget)
	if is {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
