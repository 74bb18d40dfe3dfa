package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// forty are the fields of the 2018 list that a conversion has, personal ones included.
const forty = `id datetime tune_event_id ad_id internal_ad_id affiliate_id advertiser_id offer_id affiliate_manager_id
	advertiser_manager_id goal_id creative_url_id offer_file_id ad_campaign_id ad_campaign_creative_id customer_id
	browser_id source affiliate_info1 affiliate_info2 affiliate_info3 affiliate_info4 affiliate_info5 advertiser_info
	session_datetime payout revenue sale_amount payout_type revenue_type currency status status_code is_adjustment
	country_code ip session_ip user_agent refer pixel_refer`

// BenchmarkMillion loads a million conversions of 40 fields in four slices, from
// the vendor's answers to the committed table, with exporter as a process of its
// own. In the same run psql \copy loads the same rows from a CSV file.
//
// The vendor is simulated on the same machine and in this process, so its
// share of the processors is in exporter's time and not in \copy's.
func BenchmarkMillion(b *testing.B) {
	const rows, days = 250_000, 4
	_, url := newVendor(b, rows, days, func(h http.Handler) http.Handler { return h })
	srv := pgtest.New(b, pgtest.Durable())
	dsn := srv.Database(b)
	options := "options = { page_size = 10000, fields = " + strings.ReplaceAll(fieldList(forty), `" "`, `", "`) + " }"
	p := newProcess(b, url, dsn, strings.Replace(options, "options", "start = \"2026-11-18\"\noptions", 1))
	compare(b, p, psql{srv, dsn, []string{"marketing.conversions"}}, rows*days, "select count(*) from marketing.conversions", fmt.Sprint(rows*days), "run", "conversions")
}
