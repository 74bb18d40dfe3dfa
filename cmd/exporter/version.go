package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"exporter/state"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version of the program",
		Example: `  exporter version`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := built()
			if p.out.json {
				p.out.object(v)
				return nil
			}
			p.out.text("exporter %s (commit %s), %s, state schema %d\n", v.Version, v.Commit, v.Go, v.Schema)
			return nil
		},
	}
}

// versionObject says what was built.
type versionObject struct {
	Type     string `json:"type"` // version
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // built from changed files
	Go       string `json:"go"`
	Schema   int64  `json:"state_schema"`
}

func built() versionObject {
	v := versionObject{Type: "version", Version: "unknown", Commit: "unknown", Schema: state.SchemaVersion()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version, v.Go = info.Main.Version, info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
