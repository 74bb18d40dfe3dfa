package lake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"exporter/record"
)

// objects is what a reader of a lake can do.
type objects interface {
	names() ([]string, error)
	// below returns the names that begin with start.
	below(start string) ([]string, error)
	// get returns the content of an object of a generation, of any if that is 0.
	get(name string, generation int64) ([]byte, error)
}

var errNoObject = errors.New("there is no such object")

// folder reads what the files driver writes.
type folder string

func (f folder) names() ([]string, error) { return f.below("") }

func (f folder) below(start string) (list []string, err error) {
	err = filepath.WalkDir(string(f), func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(path, string(f))), "/")
		switch {
		case err != nil:
		case !d.IsDir() && strings.HasPrefix(name, start):
			list = append(list, name)
		case d.IsDir() && !strings.HasPrefix(name, start) && !strings.HasPrefix(start, name):
			return filepath.SkipDir
		}
		return err
	})
	return list, err
}

func (f folder) get(name string, generation int64) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoObject
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // was only read
	info, err := file.Stat()
	if err == nil && generation != 0 && info.ModTime().UnixNano() != generation {
		return nil, errNoObject
	}
	content, readErr := io.ReadAll(file)
	return content, errors.Join(err, readErr)
}

// listing is the part of a manifest that readers need, as the README tells them.
type listing struct {
	State   string `json:"state"`
	Objects []struct {
		Table            string `json:"table"`
		Name             string `json:"name"`
		Generation       int64  `json:"generation"`
		Staged           string `json:"staged"`
		StagedGeneration int64  `json:"staged_generation"`
		Rows             int64  `json:"rows"`
	} `json:"objects"`
}

// family is how the names of all tables begin that a load of these tests may fill
// beside a table: the manifest is in the folder of the first.
func family(table string) string {
	table = strings.TrimSuffix(table, "_rejects")
	if n := len(table) - 2; n > 0 && table[n] == '_' {
		return table[:n]
	}
	return table
}

// table reads a table through the manifests: all objects of a manifest or none, and
// the manifest again if one of them is gone.
func table(from objects, name string, columns []record.Column) ([][]string, error) {
	names, err := from.below(family(name))
	if err != nil {
		return nil, err
	}
	var list [][]string
	for _, n := range names {
		if !strings.HasPrefix(filepath.Base(n), "_manifest-") {
			continue
		}
		rows, err := slice(from, n, name, columns)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	return list, nil
}

func slice(from objects, manifest, table string, columns []record.Column) ([][]string, error) {
again:
	for range 1000 {
		text, err := from.get(manifest, 0)
		if errors.Is(err, errNoObject) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var m listing
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", manifest, err)
		}
		if m.State == "loading" {
			return nil, nil
		}
		var list [][]string
		for _, o := range m.Objects {
			if o.Table != table {
				continue
			}
			at, generation := o.Name, o.Generation
			if o.Staged != "" {
				at, generation = o.Staged, o.StagedGeneration
			}
			content, err := from.get(at, generation)
			if errors.Is(err, errNoObject) {
				if later, err := from.get(manifest, 0); err == nil && bytes.Equal(later, text) {
					return nil, nil // somebody dropped it
				}
				continue again
			}
			if err != nil {
				return nil, err
			}
			rows, err := decode(o.Name, content, columns)
			if err != nil || int64(len(rows)) != o.Rows {
				return nil, fmt.Errorf("%s has %d rows, its manifest says %d: %w", o.Name, len(rows), o.Rows, err)
			}
			list = append(list, rows...)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%s: no manifest had its objects", manifest)
}
