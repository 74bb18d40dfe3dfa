package pgserver

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

var errNoBinaries = errors.New("no folder with initdb and postgres found in PATH, /usr/lib/postgresql/*/bin or /usr/pgsql-*/bin: " +
	"install a PostgreSQL server (Debian, Ubuntu: apt-get install postgresql), or put its folder into PATH")

// binaries returns the folder that holds initdb and postgres.
func binaries() (string, error) {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if found, ok := serverFolder(dir); ok {
			return found, nil
		}
	}
	return "", errNoBinaries
}

// serverFolder follows links to where the binaries really are, because the
// server looks for its shared files beside them.
func serverFolder(dir string) (string, bool) {
	server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", false
	}
	if server, err = filepath.Abs(server); err != nil {
		return "", false
	}
	folder := filepath.Dir(server)
	_, err = os.Stat(filepath.Join(folder, "initdb"))
	return folder, err == nil
}

var digits = regexp.MustCompile(`\d+`)

func version(dir string) int {
	n, err := strconv.Atoi(digits.FindString(dir))
	if err != nil {
		return 0 // no number in the path: older than any
	}
	return n
}
