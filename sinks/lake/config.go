package lake

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"exporter/settings"
	"exporter/sinks"
)

// Layout is what both drivers let choose about objects.
type Layout struct {
	Format      string        `toml:"format"`      // parquet, csv, jsonl
	Compression string        `toml:"compression"` // zstd, gzip, none
	PartSize    settings.Size `toml:"part_size"`   // above it a table of a slice becomes several objects
}

// GCSConfig is a [sinks.NAME] table with driver = "gcs".
type GCSConfig struct {
	Layout
	Bucket string `toml:"bucket"`
	Prefix string `toml:"prefix"`
}

// FilesConfig is a [sinks.NAME] table with driver = "files".
type FilesConfig struct {
	Layout
	Dir string `toml:"dir"`
}

var (
	_ sinks.Config   = (*GCSConfig)(nil)
	_ sinks.Config   = (*FilesConfig)(nil)
	_ sinks.Relative = (*FilesConfig)(nil)
)

var defaults = Layout{Format: "parquet", Compression: "zstd", PartSize: 1 << 30}

// leastPart keeps a typing mistake from making thousands of objects.
const leastPart = 1 << 20

func (l *Layout) problems() []settings.Problem {
	var list []settings.Problem
	if !slices.Contains([]string{"parquet", "csv", "jsonl"}, l.Format) {
		list = append(list, settings.Problemf("format", `%q is not a format; write "parquet", "csv" or "jsonl"`, l.Format))
	}
	if !slices.Contains([]string{"zstd", "gzip", "none"}, l.Compression) {
		list = append(list, settings.Problemf("compression", `%q is not a compression; write "zstd", "gzip" or "none"`, l.Compression))
	}
	if l.PartSize < leastPart {
		list = append(list, settings.Problemf("part_size", `must be at least 1MiB; write "1GiB"`))
	}
	return list
}

// bucketName is what a bucket may be called; the service has finer rules.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// Validate implements sinks.Config.
func (c *GCSConfig) Validate() []settings.Problem {
	var list []settings.Problem
	switch {
	case c.Bucket == "":
		list = append(list, settings.Problemf("bucket", `is missing; write the name of a bucket, such as "acme-lake"`))
	case strings.Contains(c.Bucket, "/"):
		list = append(list, settings.Problemf("bucket", `%q has a slash; write the name of the bucket alone, and what comes after it in prefix`, c.Bucket))
	case !bucketName.MatchString(c.Bucket):
		list = append(list, settings.Problemf("bucket", `%q is not the name of a bucket; write one, such as "acme-lake"`, c.Bucket))
	}
	if !validPrefix(c.Prefix) {
		list = append(list, settings.Problemf("prefix", `%q cannot come before the names of objects; write folders with / between and none at the ends, such as "exports"`, c.Prefix))
	}
	return append(list, c.problems()...)
}

var prefixPart = regexp.MustCompile(`^[A-Za-z0-9._=+@~-]+$`)

func validPrefix(prefix string) bool {
	for part := range strings.SplitSeq(prefix, "/") {
		if prefix != "" && (part == "." || part == ".." || !prefixPart.MatchString(part)) {
			return false
		}
	}
	return len(prefix) <= 400 // of the 1,024 bytes of a name
}

// Target implements sinks.Config. The emulator is another place than the service.
func (c *GCSConfig) Target() string {
	target := "gs://" + c.Bucket + "/" + c.Prefix
	if host := os.Getenv(emulatorVariable); host != "" {
		target += " at " + host
	}
	return target
}

// Resolve implements sinks.Relative. Without it a path starts at the working folder.
func (c *FilesConfig) Resolve(dir string) {
	if c.dirProblem() == "" && !filepath.IsAbs(c.Dir) {
		c.Dir = filepath.Join(dir, c.Dir)
	}
}

// Validate implements sinks.Config.
func (c *FilesConfig) Validate() []settings.Problem {
	var list []settings.Problem
	if text := c.dirProblem(); text != "" {
		list = append(list, settings.Problemf("dir", "%s", text))
	}
	return append(list, c.problems()...)
}

func (c *FilesConfig) dirProblem() string {
	switch {
	case c.Dir == "":
		return `is missing; write the path of a folder, such as "exporter-lake"`
	case strings.ContainsRune(c.Dir, 0), strings.Contains(c.Dir, "://"):
		return `is not the path of a folder; write one, such as "exporter-lake"`
	}
	return ""
}

// Target implements sinks.Config. Two names of one folder are one target.
func (c *FilesConfig) Target() string {
	path, err := filepath.Abs(c.Dir)
	if err != nil {
		return "files:" + c.Dir
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return "files:" + real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return "files:" + path
}
