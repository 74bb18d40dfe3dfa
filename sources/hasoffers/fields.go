package hasoffers

import "exporter/record"

// field is what is known of a field of Conversion.
type field struct {
	name    string
	typ     record.Type
	asked   bool // by default
	mutable bool // the vendor lets it change after the fact
	utc     bool // a time that is not in the network's zone
	doc     string
}

// fields lists the fields of Conversion in the order of the vendor's model page.
// Asked by default is the list of 2018 without personal data, because asking for
// that may shorten how far back the vendor answers.
var fields = []field{
	{"id", record.Integer, true, false, false, "Number of the conversion within the network; deprecated by the vendor in favour of tune_event_id."},
	{"tune_event_id", record.Text, true, false, false, "Unique key of the event; missing on old rows."},
	{"ad_id", record.Text, true, false, false, "Transaction id; one transaction can have several conversions."},
	{"internal_ad_id", record.Text, true, false, false, "Internal id of the click or session."},
	{"affiliate_id", record.Integer, true, false, false, "Partner."},
	{"advertiser_id", record.Integer, true, false, false, "Advertiser."},
	{"offer_id", record.Integer, true, false, false, "Offer."},
	{"affiliate_manager_id", record.Integer, true, false, false, "Manager of the partner; 0 = none."},
	{"advertiser_manager_id", record.Integer, true, false, false, "Manager of the advertiser; 0 = none."},
	{"goal_id", record.Integer, true, false, false, "Goal; 0 = the offer's default goal."},
	{"creative_url_id", record.Integer, true, false, false, "Offer URL; 0 = none."},
	{"offer_file_id", record.Integer, true, false, false, "Creative file; 0 = none."},
	{"ad_campaign_id", record.Integer, true, false, false, "Ad campaign; 0 = none."},
	{"ad_campaign_creative_id", record.Integer, true, false, false, "Creative of the ad campaign; 0 = none."},
	{"customer_id", record.Integer, true, false, false, "Customer; 0 = none."},
	{"browser_id", record.Integer, true, false, false, "Browser; 0 = unknown."},
	{"source", record.Text, true, false, false, "Source given by the partner."},
	{"affiliate_info1", record.Text, true, false, false, "First sub id of the partner (aff_sub)."},
	{"affiliate_info2", record.Text, true, false, false, "Second sub id of the partner."},
	{"affiliate_info3", record.Text, true, false, false, "Third sub id of the partner."},
	{"affiliate_info4", record.Text, true, false, false, "Fourth sub id of the partner."},
	{"affiliate_info5", record.Text, true, false, false, "Fifth sub id of the partner."},
	{"advertiser_info", record.Text, true, false, false, "Sub id of the advertiser (adv_sub)."},
	{"datetime", record.Timestamp, true, false, false, "Time of the conversion."},
	{"session_datetime", record.Timestamp, true, true, false, "Time of the click; null on rows made through the API."},
	{"payout", record.Numeric, true, true, false, "Cost to be paid to the partner; can change later."},
	{"revenue", record.Numeric, true, true, false, "Income from the advertiser; can change later."},
	{"sale_amount", record.Numeric, true, true, false, "Amount of the sale; can change later."},
	{"payout_type", record.Text, true, false, false, "How the payout is computed: cpa_flat, cpa_percentage, cpa_both, cpc, cpm."},
	{"revenue_type", record.Text, true, false, false, "How the revenue is computed: cpa_flat, cpa_percentage, cpa_both, cpc, cpm."},
	{"currency", record.Text, true, false, false, "ISO 4217 code; null = the network's default currency."},
	{"status", record.Text, true, true, false, "approved, pending or rejected; can change later."},
	{"status_code", record.Integer, true, true, false, "Why the conversion got its status when it was made."},
	{"is_adjustment", record.Boolean, true, false, false, "Whether the row was made as an adjustment."},
	{"country_code", record.Text, true, false, false, "Country; INT = unknown."},

	{"ip", record.Text, false, true, false, "Address of the conversion; personal data."},
	{"session_ip", record.Text, false, true, false, "Address of the click; personal data."},
	{"user_agent", record.Text, false, true, false, "Browser of the click; personal data."},
	{"refer", record.Text, false, true, false, "Page the click came from; may hold personal data."},
	{"pixel_refer", record.Text, false, true, false, "Page the conversion came from; may hold personal data."},
	{"is_scrubed", record.Boolean, false, false, false, "Scrubbed by the network; documented in 2013 only."},
	{"batch_date_utc", record.Date, false, false, true, "Day of the vendor's batch, UTC."},
	{"batch_timestamp", record.Timestamp, false, false, true, "Time of the vendor's batch, UTC."},
	{"event_city", record.Text, false, false, false, "City of the event."},
	{"event_region", record.Text, false, false, false, "Region of the event."},
	{"promo_code", record.Text, false, false, false, "Promotion code."},
	{"order_id", record.Text, false, false, false, "Order number of the advertiser."},
	{"sku_id", record.Text, false, false, false, "Article number of the advertiser."},
	{"product_category", record.Text, false, false, false, "Product category of the advertiser."},
	{"app_version", record.Text, false, false, false, "Version of the app."},
	{"adv_unique1", record.Text, false, false, false, "First unique id of the advertiser."},
	{"adv_unique2", record.Text, false, false, false, "Second unique id of the advertiser."},
	{"adv_unique3", record.Text, false, false, false, "Third unique id of the advertiser."},
	{"adv_unique4", record.Text, false, false, false, "Fourth unique id of the advertiser."},
	{"adv_unique5", record.Text, false, false, false, "Fifth unique id of the advertiser."},
}

// The fields that paging and windows are made of.
const (
	fieldID       = "id"
	fieldEventID  = "tune_event_id"
	fieldDatetime = "datetime"
)

// known returns the field of that name; an unknown one is text.
func known(name string) field {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return field{name: name, typ: record.Text}
}

// defaultFields returns the names asked for when a job names none.
func defaultFields() []string {
	var names []string
	for _, f := range fields {
		if f.asked {
			names = append(names, f.name)
		}
	}
	return names
}
