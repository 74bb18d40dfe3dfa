package state

import (
	"io/fs"
	"strconv"
	"strings"
)

// SchemaVersion is the version of the state's schema that this program writes:
// the number of its last migration.
func SchemaVersion() int64 {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		panic("state: the program holds no migrations")
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(files[len(files)-1], "migrations/"), "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic("state: migration without a number: " + err.Error())
	}
	return version
}
