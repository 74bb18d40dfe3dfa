package owapro_test

import (
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	"exporter/sandbox/owapro"
)

func TestBadConfig(t *testing.T) {
	dialect := func(d owapro.Dialect) owapro.Config { return owapro.Config{CSV: owapro.CSV{Dialect: d}} }
	cases := map[string]owapro.Config{
		`oauth.shape: "x" is not one of nested, flat`:                       {OAuth: owapro.OAuth{Shape: "x"}},
		`oauth.rotation: "x" is not one of never, at_once, on_use, grace`:   {OAuth: owapro.OAuth{Rotation: "x"}},
		`limits.retry_after: "x" is not one of off, seconds, date`:          {Limits: owapro.Limits{RetryAfter: "x"}},
		`answers.stats: "x" is not one of sample, full, none`:               {Answers: owapro.Answers{Stats: "x"}},
		`csv.ask: "x" is not one of accept, query, body`:                    {CSV: owapro.CSV{Ask: "x"}},
		`csv.then.header: "x" is not one of api, display`:                   {CSV: owapro.CSV{Then: &owapro.Dialect{Header: "x"}}},
		`csv.dialect.encoding: "x" is not one of`:                           dialect(owapro.Dialect{Encoding: "x"}),
		`csv.dialect.delimiter: "||" is not one byte`:                       dialect(owapro.Dialect{Delimiter: "||"}),
		`csv.dialect.delimiter: "," is not one byte other than the quote`:   dialect(owapro.Dialect{Delimiter: ",", Decimal: ","}),
		`csv.dialect.decimal: "x" is not one of`:                            dialect(owapro.Dialect{Decimal: "x"}),
		`csv.dialect.thousands: "," is the decimal mark too`:                dialect(owapro.Dialect{Decimal: ",", Thousands: ","}),
		`window "often": want N/duration, for example 50/10s`:               {Limits: owapro.Limits{Windows: []string{"often"}}},
		`client "client" is there twice`:                                    {OAuth: owapro.OAuth{Clients: []owapro.Client{{}, {}}}},
		`negative number -1`:                                                {CSV: owapro.CSV{After: -1}},
		`data: first_day:`:                                                  {Data: owapro.Data{FirstDay: "soon"}},
		`data: now:`:                                                        {Data: owapro.Data{Now: "soon"}},
		`data: days and null_each may not be negative`:                      {Data: owapro.Data{Days: -1}},
		`customer 0: want an id above 0`:                                    {Data: owapro.Data{Customers: []owapro.Customer{{}}}},
		`customer 1: want an id above 0 that is there once`:                 {Data: owapro.Data{Customers: []owapro.Customer{{ID: 1}, {ID: 1}}}},
		`customer 1: unknown currency "XXX"`:                                {Data: owapro.Data{Customers: []owapro.Customer{{ID: 1, Currency: "XXX"}}}},
		`customer 1: trackgroups: want at most 50000, or no other customer`: {Data: owapro.Data{Customers: []owapro.Customer{{ID: 1, Trackgroups: 50_001}, {ID: 2}}}},
		`report 1: want an id above 0 that is there once`:                   {Data: owapro.Data{Reports: []owapro.Report{{ID: 1}, {ID: 1}}}},
		`restate: day:`:                                                      {Restate: []owapro.Restatement{{Day: "soon"}}},
		`restate: no customer 9`:                                             {Restate: []owapro.Restatement{{Day: "2026-01-01", Customer: 9}}},
		`unknown kind of fault "x"`:                                          {Faults: []faults.Rule{{Kind: "x"}}},
		`answers.lists: "x" is not one of rows, blocks, bare`:                {Answers: owapro.Answers{Lists: "x"}},
		`answers.unsorted: "x" is not one of stable, unstable`:               {Answers: owapro.Answers{Unsorted: "x"}},
		`answers.failure: "x" is not one of blocks, last_block, top`:         {Answers: owapro.Answers{Failure: "x"}},
		`answers.pages: "x" is not one of limited, always, never, not_first`: {Answers: owapro.Answers{Pages: "x"}},
	}
	for want, cfg := range cases {
		set, err := faults.NewSet(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = owapro.New(1, cfg, meter.New(), set); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("New(%+v): %v, want %s", cfg, err, want)
		}
	}
}

func TestUpdate(t *testing.T) {
	v := newVendor(t, owapro.Default())
	if err := v.Update([]byte(`{"limits":{"windows":[],"concurrent":0},"answers":{"numbers":"strings"},"data":{"days":3,"customers":[{"id":5}]}}`)); err != nil {
		t.Fatal(err)
	}
	cfg := v.Config()
	if cfg.Answers.Numbers != owapro.NumbersStrings || len(cfg.Limits.Windows) != 0 || !cfg.Limits.CountRefused || len(cfg.Data.Customers) != 1 || cfg.Data.Customers[0].Currency != "EUR" {
		t.Errorf("after the update: %+v", cfg)
	}
	if got := column(v.block(ask("customerid", "sale_count")), "customerid"); len(got) != 1 || got[0] != "5" {
		t.Errorf("a token of before reads %v", got)
	}
	for _, bad := range []string{`{"colour":1}`, `{"answers":{"numbers":"x"}}`, `{"faults":[{"kind":"html"}]}`, `[]`} {
		if err := v.Update([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if v.Config().Answers.Numbers != owapro.NumbersStrings {
		t.Error("a refused update changed the configuration")
	}
}

// A concurrent read of one result by many callers.
func TestManyCallers(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: small()})
	want := v.report(ask("date", "sale_count"), "Accept", "text/csv").Body.String()
	done := make(chan string)
	for i := range 8 {
		go func() {
			accept := []string{"text/csv", "application/json"}[i%2]
			body := v.report(ask("date", "sale_count"), "Accept", accept).Body.String()
			if err := v.Restate(owapro.Restatement{Day: "2027-01-01"}); err != nil { // outside the data
				body = err.Error()
			}
			if i%2 == 1 {
				body = want
			}
			done <- body
		}()
	}
	for range 8 {
		if got := <-done; got != want {
			t.Errorf("another answer: %.300s", got)
		}
	}
}
