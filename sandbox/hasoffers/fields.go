package hasoffers

// Field is one column of a conversion. Its number is its place in the answer
// when no fields are asked for.
type Field uint8

// The fields, in wire order: those of 2016 as recorded, then later ones (§6).
const (
	fieldID Field = iota
	fieldAdID
	fieldInternalAdID
	fieldAffiliateID
	fieldAdvertiserManagerID
	fieldAdvertiserID
	fieldAffiliateManagerID
	fieldOfferID
	fieldGoalID
	fieldCreativeURLID
	fieldCustomerID
	fieldSource
	fieldAffiliateInfo1
	fieldAffiliateInfo2
	fieldAffiliateInfo3
	fieldAffiliateInfo4
	fieldAffiliateInfo5
	fieldAdvertiserInfo
	fieldDatetime
	fieldSessionDatetime
	fieldPayout
	fieldRevenue
	fieldRefer
	fieldPixelRefer
	fieldIP
	fieldSessionIP
	fieldStatus
	fieldStatusCode
	fieldSaleAmount
	fieldUserAgent
	fieldCountryCode
	fieldBrowserID
	fieldIsAdjustment
	fieldAdCampaignID
	fieldAdCampaignCreativeID
	fieldOfferFileID
	fieldPayoutType
	fieldRevenueType
	fieldCurrency
	fieldTuneEventID
	fieldIsScrubed
	fieldBatchDateUTC
	fieldBatchTimestamp
	fieldEventCity
	fieldEventRegion
	fieldPromoCode
	fieldOrderID
	fieldSkuID
	fieldProductCategory
	fieldAppVersion
	fieldAdvUnique1
	fieldAdvUnique2
	fieldAdvUnique3
	fieldAdvUnique4
	fieldAdvUnique5
	fieldCount
)

// kind decides how a filter and a sort compare values.
type kind uint8

const (
	kindText   kind = iota
	kindNumber      // integers and money, compared as exact decimals
	kindTime        // compared as wall time; a bare date is its midnight
)

var fieldNames = [fieldCount]string{
	"id", "ad_id", "internal_ad_id", "affiliate_id", "advertiser_manager_id", "advertiser_id", "affiliate_manager_id",
	"offer_id", "goal_id", "creative_url_id", "customer_id", "source", "affiliate_info1", "affiliate_info2",
	"affiliate_info3", "affiliate_info4", "affiliate_info5", "advertiser_info", "datetime", "session_datetime", "payout",
	"revenue", "refer", "pixel_refer", "ip", "session_ip", "status", "status_code", "sale_amount", "user_agent",
	"country_code", "browser_id", "is_adjustment", "ad_campaign_id", "ad_campaign_creative_id", "offer_file_id",
	"payout_type", "revenue_type", "currency", "tune_event_id", "is_scrubed", "batch_date_utc", "batch_timestamp",
	"event_city", "event_region", "promo_code", "order_id", "sku_id", "product_category", "app_version",
	"adv_unique1", "adv_unique2", "adv_unique3", "adv_unique4", "adv_unique5",
}

var fieldByName = func() map[string]Field {
	m := make(map[string]Field, fieldCount)
	for f, name := range fieldNames {
		m[name] = Field(f)
	}
	return m
}()

// String returns the vendor's name of the field.
func (f Field) String() string { return fieldNames[f] }

func (f Field) kind() kind {
	switch f {
	case fieldDatetime, fieldSessionDatetime, fieldBatchDateUTC, fieldBatchTimestamp:
		return kindTime
	case fieldID, fieldAffiliateID, fieldAdvertiserManagerID, fieldAdvertiserID, fieldAffiliateManagerID, fieldOfferID,
		fieldGoalID, fieldCreativeURLID, fieldCustomerID, fieldPayout, fieldRevenue, fieldStatusCode, fieldSaleAmount,
		fieldBrowserID, fieldIsAdjustment, fieldAdCampaignID, fieldAdCampaignCreativeID, fieldOfferFileID, fieldIsScrubed:
		return kindNumber
	default:
		return kindText
	}
}

// personal reports whether the field may name a person (§6).
func (f Field) personal() bool {
	switch f {
	case fieldIP, fieldSessionIP, fieldUserAgent, fieldRefer, fieldPixelRefer:
		return true
	}
	return false
}

// fieldSet is which fields exist in one configuration.
type fieldSet [fieldCount]bool

func (a Answers) fieldSet() fieldSet {
	var s fieldSet
	for f := range fieldCount {
		s[f] = a.Fields != Fields2018 || f <= fieldTuneEventID
	}
	for _, name := range a.RefusedFields {
		s[fieldByName[name]] = false
	}
	if a.NoID {
		s[fieldID] = false
	}
	return s
}

func (s fieldSet) lookup(name string) (Field, bool) {
	f, ok := fieldByName[name]
	return f, ok && s[f]
}

// all returns the existing fields in wire order.
func (s fieldSet) all() []Field {
	var out []Field
	for f, exists := range s {
		if exists {
			out = append(out, Field(f))
		}
	}
	return out
}
