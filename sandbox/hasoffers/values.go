package hasoffers

import "strconv"

// value appends the value of one field; escaped asks for its form inside a JSON
// string. With ok false there is no value and nothing was appended: null.
func (m *maker) value(dst []byte, r *row, f Field, escaped bool) (out []byte, ok bool) {
	switch f {
	case fieldID:
		return strconv.AppendInt(dst, r.id, 10), true
	case fieldDatetime:
		return m.appendTime(dst, r.wall), true
	case fieldSessionDatetime:
		if r.api {
			return dst, false
		}
		return m.appendTime(dst, m.toWall(r.at-int64(r.part(f)%7200))), true
	case fieldBatchDateUTC:
		return m.appendDate(dst, r.at), true
	case fieldBatchTimestamp:
		return m.appendTime(dst, r.at), true
	case fieldPayout, fieldRevenue, fieldSaleAmount:
		return m.money(dst, r, f)
	case fieldTuneEventID:
		if r.noEvent {
			return m.none(dst, r)
		}
		return m.eventID(dst, r.id), true
	case fieldInternalAdID:
		return appendUUID(dst, r.part(f), r.hash), true
	case fieldAdID:
		return m.adID(dst, r), true
	case fieldIP, fieldSessionIP:
		return m.ip(dst, r, f)
	}
	if n, ok := r.number(f); ok {
		return strconv.AppendInt(dst, n, 10), true
	}
	t, ok := m.text(r, f)
	if !ok {
		return m.none(dst, r)
	}
	if escaped {
		return append(dst, t.json...), true
	}
	return append(dst, t.raw...), true
}

// none writes the absence of a value (§4: null on API-made rows, "" on others).
func (m *maker) none(dst []byte, r *row) ([]byte, bool) {
	switch m.net.NullStyle {
	case NullOnly:
		return dst, false
	case NullEmpty:
		return dst, true
	default:
		return dst, !r.api
	}
}

// part returns a hash of the row's own for one field.
func (r *row) part(f Field) uint64 { return mix(r.hash, uint64(f)) }

// eventID writes the tune_event_id of a row.
func (m *maker) eventID(dst []byte, id int64) []byte {
	return appendUUID(dst, mix(m.seed+4, uint64(id)), mix(m.seed+5, uint64(id)))
}

// adID writes the transaction id: "102" and 27 hex digits; every 16th row belongs to the transaction of the one before.
func (m *maker) adID(dst []byte, r *row) []byte {
	if r.api {
		return dst
	}
	n := uint64((r.id - m.firstID) / m.gap)
	if n%16 == 15 {
		n--
	}
	dst = append(dst, "102"...)
	a, b := mix(m.seed+6, n), mix(m.seed+7, n)
	for i := 60; i >= 0; i -= 4 {
		dst = append(dst, hexDigits[a>>i&15])
	}
	for i := 40; i >= 0; i -= 4 {
		dst = append(dst, hexDigits[b>>i&15])
	}
	return dst
}

func (m *maker) ip(dst []byte, r *row, f Field) ([]byte, bool) {
	if r.blank || r.api {
		return m.none(dst, r)
	}
	x := r.part(fieldIP) // of the click and of the conversion, mostly the same
	if f == fieldIP && x%10 == 0 {
		x = r.part(f + fieldCount)
	}
	last := x >> 24 & 255
	if m.net.ObfuscateIP {
		last = 0
	}
	dst = append(dst, "198."...)
	for _, part := range [...]uint64{18 + x>>8&1, x >> 16 & 255} {
		dst = append(strconv.AppendUint(dst, part, 10), '.')
	}
	return strconv.AppendUint(dst, last, 10), true
}

// money follows payout: revenue is a quarter more, a sale pays for both. Each
// restatement moves payout by 1.25; adjustments are negative.
func (m *maker) money(dst []byte, r *row, f Field) ([]byte, bool) {
	x := r.part(fieldPayout)
	payout := int64(x%5_000) * 1000 // whole cents up to 50
	switch {
	case x>>32%512 == 0:
		payout *= 31_007 // up to 1.5 million
	case x>>32%32 == 1:
		payout += int64(x >> 40 % 1000) // all five decimals
	}
	payout += r.version * 125_000
	if r.adjustment() {
		payout = -payout
	}
	switch f {
	case fieldPayout:
		return appendMoney(dst, payout), true
	case fieldRevenue:
		return appendMoney(dst, payout+payout/4), true
	default:
		if r.api {
			return m.none(dst, r)
		}
		if r.part(fieldPayoutType)%4 < 2 {
			return appendMoney(dst, 0), true
		}
		return appendMoney(dst, payout*10), true
	}
}

func (r *row) adjustment() bool { return r.api && r.part(fieldIsAdjustment)%8 == 0 }

// status returns the index into statuses; each restatement moves it on.
func (r *row) status(version int64) int64 {
	first := int64(0)
	switch r.part(fieldStatus) % 10 {
	case 8:
		first = 1
	case 9:
		first = 2
	}
	return (first + version) % 3
}

// number returns the value of an integer field; "0" stands for no related object (§4).
func (r *row) number(f Field) (n int64, ok bool) {
	x := r.part(f)
	sometimes := func(one, of uint64) int64 {
		if x>>32%one != 0 {
			return 0
		}
		return int64(1 + x%of)
	}
	switch f {
	case fieldAffiliateID:
		return int64(1 + x%400), true
	case fieldOfferID:
		return int64(1 + x%200), true
	case fieldAdvertiserID:
		if r.api {
			return 0, true
		}
		return int64(1 + r.part(fieldOfferID)%200%90), true
	case fieldAdvertiserManagerID, fieldAffiliateManagerID:
		return sometimes(2, 12), true
	case fieldGoalID:
		return sometimes(4, 50), true
	case fieldCreativeURLID, fieldOfferFileID:
		return sometimes(8, 3000), true
	case fieldCustomerID, fieldAdCampaignID, fieldAdCampaignCreativeID:
		return sometimes(64, 500), true
	case fieldBrowserID:
		if r.api {
			return 0, true
		}
		return int64(x % 30), true
	case fieldIsAdjustment:
		if r.adjustment() {
			return 1, true
		}
		return 0, true
	case fieldIsScrubed:
		return 0, true
	case fieldStatusCode: // says why at creation, so a restatement leaves it (§6)
		if r.api {
			return apiCodes[r.status(0)][x%3], true
		}
		return clickCodes[r.status(0)][x%3], true
	}
	return 0, false
}

// text returns the value of a text field, false for none.
func (m *maker) text(r *row, f Field) (text, bool) {
	x := r.part(f)
	switch f {
	case fieldStatus:
		return statuses[r.status(r.version)], true
	case fieldPayoutType, fieldRevenueType:
		return choose(payoutTypes, r.part(fieldPayoutType)), true
	case fieldCurrency:
		return m.currency, x%16 != 0
	case fieldCountryCode:
		if r.api {
			return unknownPlace, true
		}
		return choose(countries, x), true
	}
	if r.api || f.personal() && r.blank {
		return emptyText, false
	}
	t := m.clickText(r, f, x)
	return t, t != emptyText
}

// clickText returns what a click brought along, "" for nothing.
func (m *maker) clickText(r *row, f Field, x uint64) text {
	switch f {
	case fieldSource:
		return choose(sources, x)
	case fieldAffiliateInfo1, fieldAffiliateInfo2, fieldAdvertiserInfo:
		return choose(affiliates1, x)
	case fieldAffiliateInfo5:
		if m.net.BadTextEvery > 0 && (r.id-m.firstID)/m.gap%m.net.BadTextEvery == 0 {
			return nulText
		}
		return rarely(remarkable, x)
	case fieldAffiliateInfo3, fieldAffiliateInfo4, fieldAdvUnique1, fieldAdvUnique2, fieldSkuID, fieldOrderID:
		return rarely(affiliates1, x)
	case fieldUserAgent:
		if x>>32%500 == 0 {
			return longAgent
		}
		return choose(userAgents, x)
	case fieldRefer:
		if x>>32%500 == 0 {
			return longRefer
		}
		return choose(refers, x)
	case fieldPixelRefer:
		return choose(pixelRefers, x)
	case fieldEventCity:
		return choose(cities, r.part(fieldCountryCode))
	case fieldEventRegion:
		return choose(regions, r.part(fieldCountryCode))
	case fieldPromoCode:
		return choose(promos, x)
	case fieldProductCategory:
		return choose(categories, x)
	case fieldAppVersion:
		return choose(versions, x)
	default: // adv_unique3 to 5
		return emptyText
	}
}

func rarely(list []text, x uint64) text {
	if x>>32%8 != 0 {
		return emptyText
	}
	return choose(list, x)
}
