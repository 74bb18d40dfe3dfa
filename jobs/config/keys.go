package config

import (
	"encoding"
	"reflect"
)

// keyTable is a table of the file with the keys it may have and their types.
type keyTable struct {
	name string // "jobs", "jobs.checks", "sources (hasoffers)", …
	keys map[string]reflect.Type
}

// keyTables lists every key the loader and the adapters know.
func keyTables(drivers Drivers) []keyTable {
	tables := structKeys("exporter", exporterTable{})
	tables = append(tables, structKeys("sources", sourceTable{})...)
	tables = append(tables, structKeys("sinks", sinkTable{})...)
	tables = append(tables, structKeys("jobs", jobTable{})...)
	for _, d := range drivers.Sources {
		tables = append(tables, structKeys("sources ("+d.Name+")", d.Config())...)
		for _, k := range d.Kinds {
			if k.Options != nil {
				tables = append(tables, structKeys("jobs.options ("+d.Name+" "+k.Name+")", k.Options())...)
			}
		}
	}
	for _, d := range drivers.Sinks {
		tables = append(tables, structKeys("sinks ("+d.Name+")", d.Config())...)
	}
	return tables
}

// structKeys lists the keys of a struct, or of the one a pointer points to, and
// of the structs inside it.
func structKeys(name string, v any) []keyTable {
	t := reflect.Indirect(reflect.ValueOf(v)).Type()
	fields := map[string]reflect.Value{}
	collect(reflect.New(t).Elem(), fields)
	keys := make(map[string]reflect.Type, len(fields))
	tables := []keyTable{{name: name, keys: keys}}
	for k, f := range fields {
		keys[k] = f.Type()
		if isTable(f.Type()) && f.Kind() == reflect.Struct {
			tables = append(tables, structKeys(name+"."+k, f.Interface())...)
		}
	}
	return tables
}

// isTable tells whether values of a type are tables in the file.
func isTable(t reflect.Type) bool {
	textual := reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	return t.Kind() == reflect.Map || t.Kind() == reflect.Struct && !textual
}
