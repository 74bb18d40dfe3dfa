package config

import (
	"encoding"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"exporter/settings"
)

// decode fills the struct that dst points to from a table, by toml tags. Unknown
// keys and wrong types are reported with their full path; what is absent keeps
// its default. Keys in except belong to somebody else.
//
// Messages never quote a value: it might be a secret in the wrong place. Types
// with UnmarshalText are trusted to quote only what may be seen; the mask covers
// those that came from outside the file.
func (r *report) decode(key string, table map[string]any, dst any, except ...string) {
	r.fields(key, table, reflect.ValueOf(dst).Elem(), except)
}

func (r *report) fields(key string, table map[string]any, dst reflect.Value, except []string) {
	fields := map[string]reflect.Value{}
	collect(dst, fields)
	known := slices.Sorted(maps.Keys(fields))
	for _, k := range sortedKeys(table) {
		field, ok := fields[k]
		switch {
		case slices.Contains(except, k):
		case ok:
			r.set(join(key, k), table[k], field)
		default:
			r.unknown(join(key, k), k, append(slices.Clone(except), known...))
		}
	}
}

// unknown reports a key that no struct has.
func (r *report) unknown(key, name string, known []string) {
	if best := nearest(name, known); best != "" {
		r.add(key, "unknown key; did you mean %s?", best)
		return
	}
	slices.Sort(known)
	r.add(key, "unknown key; known here: %s", strings.Join(slices.Compact(known), ", "))
}

// collect lists the fields of a struct by key; embedded structs are flattened.
func collect(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			collect(v.Field(i), into)
		case name != "" && name != "-" && f.IsExported():
			into[name] = v.Field(i)
		}
	}
}

// set decodes one value.
func (r *report) set(key string, raw any, dst reflect.Value) {
	if _, ok := raw.(broken); ok {
		return
	}
	switch target := dst.Addr().Interface().(type) {
	case *settings.Secret:
		if s, ok := r.want(key, raw, "a string"); ok {
			r.mask.secret(s, settings.Redacted)
			*target = settings.Secret(s)
		}
	case *time.Duration:
		var d settings.Duration
		r.set(key, raw, reflect.ValueOf(&d).Elem())
		*target = d.Std()
	case *settings.Duration:
		if r.unmarshal(key, raw, target) && overflows(*target) {
			r.add(key, "%s is longer than 292 years; write something shorter", target)
			*target = settings.Duration{}
		}
	case *lookback:
		if _, tiers := raw.([]any); tiers {
			r.list(key, raw, dst)
		} else if text, ok := r.want(key, raw, "a string"); ok {
			*target = lookback{text}
		}
	case encoding.TextUnmarshaler:
		r.unmarshal(key, raw, target)
	default:
		r.setKind(key, raw, dst)
	}
}

// overflows tells whether a duration is longer than Go's can be.
func overflows(d settings.Duration) bool {
	unit := settings.Duration{N: 1, Unit: d.Unit}
	return time.Duration(d.N) > math.MaxInt64/unit.Std()
}

func (r *report) unmarshal(key string, raw any, target encoding.TextUnmarshaler) bool {
	s, ok := r.want(key, raw, "a string")
	if !ok {
		return false
	}
	if err := target.UnmarshalText([]byte(s)); err != nil {
		r.add(key, "%v", err)
		return false
	}
	return true
}

// want returns a string value; TOML's own dates are taken as they are written.
func (r *report) want(key string, raw any, what string) (string, bool) {
	if s, ok := raw.(string); ok {
		return s, true
	}
	if s, ok := date(raw); ok {
		return s, true
	}
	r.add(key, "want %s, have %s; put the value in quotes", what, kindOf(raw))
	return "", false
}

func (r *report) setKind(key string, raw any, dst reflect.Value) {
	switch dst.Kind() {
	case reflect.String:
		if s, ok := r.want(key, raw, "a string"); ok {
			dst.SetString(s)
		}
	case reflect.Bool:
		b, ok := raw.(bool)
		if !ok {
			r.add(key, "want true or false without quotes, have %s", kindOf(raw))
			return
		}
		dst.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := r.integer(key, raw, math.MinInt64>>(64-dst.Type().Bits()), math.MaxInt64>>(64-dst.Type().Bits())); ok {
			dst.SetInt(n)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := r.integer(key, raw, 0, math.MaxInt64>>max(63-dst.Type().Bits(), 0)); ok {
			dst.SetUint(uint64(n))
		}
	case reflect.Float32, reflect.Float64:
		r.float(key, raw, dst)
	case reflect.Slice:
		r.list(key, raw, dst)
	case reflect.Map:
		r.mapping(key, raw, dst)
	case reflect.Struct:
		if table, ok := r.table(key, raw); ok {
			r.fields(key, table, dst, nil)
		}
	case reflect.Pointer:
		v := reflect.New(dst.Type().Elem())
		r.set(key, raw, v.Elem())
		dst.Set(v)
	case reflect.Interface:
		if v := plain(raw); v != nil {
			dst.Set(reflect.ValueOf(v))
		}
	default:
		panic(fmt.Sprintf("config: field %s has type %s, which no configuration can hold", key, dst.Type()))
	}
}

func (r *report) integer(key string, raw any, least, most int64) (int64, bool) {
	n, ok := raw.(int64)
	switch {
	case !ok:
		r.add(key, "want an integer without quotes, have %s", kindOf(raw))
	case n < least || n > most:
		r.add(key, "want an integer from %d to %d", least, most)
		ok = false
	}
	return n, ok
}

func (r *report) float(key string, raw any, dst reflect.Value) {
	switch n := raw.(type) {
	case float64:
		dst.SetFloat(n)
	case int64:
		dst.SetFloat(float64(n))
	default:
		r.add(key, "want a number without quotes, have %s", kindOf(raw))
	}
}

func (r *report) list(key string, raw any, dst reflect.Value) {
	elements, ok := raw.([]any)
	if !ok {
		r.add(key, "want a list, have %s; put the value in [ ]", kindOf(raw))
		return
	}
	out := reflect.MakeSlice(dst.Type(), len(elements), len(elements))
	for i, e := range elements {
		r.set(index(key, i), e, out.Index(i))
	}
	dst.Set(out)
}

func (r *report) mapping(key string, raw any, dst reflect.Value) {
	table, ok := r.table(key, raw)
	if !ok {
		return
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(table))
	for _, k := range sortedKeys(table) {
		v := reflect.New(dst.Type().Elem()).Elem()
		r.set(join(key, k), table[k], v)
		out.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), v)
	}
	dst.Set(out)
}

// table returns a value that must be a table; false if it was reported.
func (r *report) table(key string, raw any) (map[string]any, bool) {
	table, ok := raw.(map[string]any)
	if _, reported := raw.(broken); !ok && !reported {
		r.add(key, "want a table, have %s; write [%s] with its keys below", kindOf(raw), key)
	}
	return table, ok
}
