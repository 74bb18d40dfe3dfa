package hasoffers_test

import (
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/meter"
)

func TestBadConfig(t *testing.T) {
	cases := map[string]hasoffers.Config{
		`answers.page_zero: "second" is not one of first, empty, error`: {Answers: hasoffers.Answers{PageZero: "second"}},
		`integrators.bad_login: "x" is not one of refuse, late`:         {Integrators: []hasoffers.Integrator{{BadLogin: "x"}}},
		`networks.null_style: "x" is not one of mix, null, empty`:       {Networks: []hasoffers.Network{{NullStyle: "x"}}},
		`window "often": want N/duration, for example 50/10s`:           {Gateway: hasoffers.Gateway{Limits: []string{"often"}}},
		`window "0/1s": want a positive count before the slash`:         {NetworkAPI: hasoffers.NetworkAPI{Limits: []string{"0/1s"}}},
		`refused_fields: no field "colour"`:                             {Answers: hasoffers.Answers{RefusedFields: []string{"colour"}}},
		`network "a" is there twice`:                                    {Networks: []hasoffers.Network{{ID: "a"}, {ID: "a"}}},
		`integrator "acme" is there twice`:                              {Integrators: []hasoffers.Integrator{{}, {}}},
		`network demo: timezone: unknown time zone Nowhere/Town`:        {Networks: []hasoffers.Network{{Timezone: "Nowhere/Town"}}},
		`network demo: first_day:`:                                      {Networks: []hasoffers.Network{{FirstDay: "soon"}}},
		`network demo: event_id_since:`:                                 {Networks: []hasoffers.Network{{EventIDSince: "soon"}}},
		`network demo: now:`:                                            {Networks: []hasoffers.Network{{Now: "soon"}}},
		`network demo: days and first_id may not be negative`:           {Networks: []hasoffers.Network{{Days: -1}}},
		`unknown kind of drift "x"`:                                     {Drift: []hasoffers.Drift{{Kind: "x"}}},
		`unknown kind of fault "x"`:                                     {Faults: []faults.Rule{{Kind: "x"}}},
	}
	for want, cfg := range cases {
		set, err := faults.NewSet(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = hasoffers.New(1, cfg, meter.New(), set); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("New(%+v): %v, want %s", cfg, err, want)
		}
	}
}

func TestUpdate(t *testing.T) {
	v := newVendor(t, hasoffers.Default())
	token := v.token()
	if err := v.Update([]byte(`{"gateway":{"body":"text","limits":[]},"networks":[{"id":"fresh","rows_per_day":5,"days":2}]}`)); err != nil {
		t.Fatal(err)
	}
	cfg := v.Config()
	if cfg.Gateway.Body != hasoffers.BodyText || len(cfg.Gateway.Limits) != 0 || cfg.Gateway.URLMaxBytes != 8192 || len(cfg.Networks) != 1 || cfg.Networks[0].Token != "NETfresh" {
		t.Errorf("after the update: %+v", cfg)
	}
	if a := v.through(token, "NetworkId=fresh"); !success(a) {
		t.Errorf("a token of before: %d %s", a.HTTP, a.Body)
	}
	for _, bad := range []string{`{"colour":1}`, `{"answers":{"page_zero":"x"}}`, `{"faults":[{"kind":"html"}]}`, `[]`} {
		if err := v.Update([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if v.Config().Gateway.Body != hasoffers.BodyText {
		t.Error("a refused update changed the configuration")
	}
}
