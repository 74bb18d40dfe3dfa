package hubrise

import (
	_ "embed"

	"exporter/settings"
	"exporter/sources"
)

//go:embed sample.toml
var sample string

// The streams.
const (
	streamOrders    = "orders"
	streamCustomers = "customers"
	streamCatalogs  = "catalogs"
	streamLocations = "locations"
)

// maxPageSize is the vendor's default and maximum.
const maxPageSize = 100

// Driver returns the adapter for the list of sources.
func Driver() sources.Driver {
	lists := func() sources.Options { return new(ListOptions) }
	return sources.Driver{
		Name: "hubrise", Sample: sample,
		Config: func() sources.Config { return newConfig() },
		Kinds: []sources.Kind{
			{
				Name: streamOrders, Doc: docOrders, Windowed: true, PageSize: maxPageSize, Class: classHeavy,
				Lookback: settings.Duration{N: 7, Unit: settings.Day},
				Options:  func() sources.Options { return new(Options) },
			},
			{Name: streamCustomers, Doc: docCustomers, PageSize: maxPageSize, Class: classHeavy, Options: lists},
			{Name: streamCatalogs, Doc: docCatalogs, PageSize: maxPageSize, Class: classHeavy, Options: lists},
			{Name: streamLocations, Doc: docLocations, PageSize: maxPageSize, Options: lists},
		},
		Open: open,
	}
}
