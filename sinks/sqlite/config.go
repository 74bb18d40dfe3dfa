package sqlite

import (
	"path/filepath"
	"strings"

	"exporter/settings"
	"exporter/sinks"
)

// Config is a [sinks.NAME] table with driver = "sqlite".
type Config struct {
	Path string `toml:"path"`
}

var (
	_ sinks.Config   = (*Config)(nil)
	_ sinks.Relative = (*Config)(nil)
)

// Resolve implements sinks.Relative. Without it a path starts at the working folder.
func (c *Config) Resolve(dir string) {
	if c.pathProblem() == "" && !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(dir, c.Path)
	}
}

// Validate implements sinks.Config.
func (c *Config) Validate() []settings.Problem {
	if text := c.pathProblem(); text != "" {
		return []settings.Problem{settings.Problemf("path", "%s", text)}
	}
	return nil
}

func (c *Config) pathProblem() string {
	switch {
	case c.Path == "":
		return `is missing; write the path of a file, such as "exporter-data.db"`
	case c.Path == ":memory:" || strings.HasPrefix(c.Path, "file:") || strings.HasPrefix(c.Path, "sqlite:"):
		return `is not the path of a file; write it plainly, such as "exporter-data.db"`
	case strings.ContainsRune(c.Path, 0), strings.HasSuffix(c.Path, string(filepath.Separator)):
		return `is not the path of a file; write one, such as "exporter-data.db"`
	}
	return ""
}

// Target implements sinks.Config. Two names of one folder are one target.
func (c *Config) Target() string {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return "sqlite:" + c.Path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return "sqlite:" + real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return "sqlite:" + path
}
