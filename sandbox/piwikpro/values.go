package piwikpro

import "strconv"

func pick[T any](from []T, h uint64) T { return from[(h>>16)%uint64(len(from))] }

// The pools hold the odd values of the sheet: [null, ""], [null, null], [0, ""], the id "NA" twice,
// and an id its label table does not know, which comes back as its label.
var (
	returning = []cell{named(0, "New"), named(1, "Returning"), named(2, "Returning customer")}

	devices = []cell{
		named(0, "Desktop"), named(0, "Desktop"), named(0, "Desktop"), named(1, "Smartphone"), named(1, "Smartphone"),
		named(2, "Tablet"), named(10, "Phablet"), unsetDevice,
	}
	systems   = []cell{coded("WIN", "Windows"), coded("AND", "Android"), coded("IOS", "iOS"), coded("KBT", "Kubuntu"), coded("WN", "WN"), unsetCoded}
	browsers  = []cell{coded("CH", "Chrome"), coded("FF", "Firefox"), coded("SF", "Safari"), coded("PS", "Microsoft Edge"), coded("ZZ", "ZZ"), unsetCoded}
	languages = []cell{coded("de", "German"), coded("en", "English"), coded("ja", "Japanese"), coded("na", "Nauru"), unsetCoded}
	brands    = []cell{coded("AP", "Apple"), coded("SA", "Samsung"), coded("NA", "Netgear"), unsetCoded}

	// by whether there was an order and whether a cart was left
	shopping = []cell{named(0, "No shopping activity"), named(1, "Ordered"), named(2, "Abandoned cart"), named(3, "Ordered and abandoned cart")}

	resolutions = []cell{textCell("1920x1080"), textCell("375x667"), textCell("2560x1440"), {}}

	places = []location{
		{coded("EU", "Europe"), coded("DE", "Germany"), coded("DE-BY", "Bavaria"), named(2867714, "Munich")},
		{coded("EU", "Europe"), coded("DE", "Germany"), coded("DE-BE", "Berlin"), named(2950159, "Berlin")},
		{coded("EU", "Europe"), coded("AT", "Austria"), coded("AT-6", "Styria"), named(2778067, "Graz")},
		{coded("NA", "North America"), coded("US", "United States"), coded("US-NY", "New York"), named(5128581, "New York")},
		{coded("AF", "Africa"), coded("NA", "Namibia"), coded("NA-KH", "Khomas"), named(3352136, "Windhoek")},
		{coded("AS", "Asia"), coded("JP", "Japan"), coded("JP-13", "Tokyo"), named(1850147, "Tokyo")},
		{coded("AS", "Asia"), coded("IN", "India"), unsetCoded, unsetCity},
		{unsetCoded, unsetCoded, unsetCoded, unsetCity},
	}

	origins = []referrer{
		{"direct", "direct", "", named(1, "Direct entry")},
		{"google", "organic", "https://www.google.com/", named(2, "Search engine")},
		{"bing", "organic", "https://www.bing.com/", named(2, "Search engine")},
		{"google", "cpc", "https://www.google.com/", named(6, "Campaign")},
		{"video", "cpv", "", named(6, "Campaign")},
		{"newsletter", "email", "", named(6, "Campaign")},
		{"www.forbes.com", "referral", "https://www.forbes.com/money/", named(3, "Website")},
		{"", "", "https://facebook.com/", named(7, "Social")},              // as recorded
		{"chatgpt.com", "referral", "https://chatgpt.com/", named(8, "8")}, // came later than the label table
	}

	campaigns       = []string{"your first loan", "Spring sale", "Brand", "Möbel & Wohnen"}
	trickyCampaigns = []string{"50% off, today only", `the "big" one`, "two\nlines", "=1+1", " blanks ", "naïve – “quoted”", "🎉 launch", "NA", "null", "a;b\tc", "\\", "O'Hara"}
	keywords        = []string{"", "", "", "garden chair", "loan, cheap", `"exact"`, "Stühle", "椅子"}
	categories      = []string{"form", "video", "Scroll, deep", "cta"}
	actions         = []string{"open", "play", "50%", "submit"}

	titles       = []string{"Home", "Products", "Credit cards", "Loans", "Contact", "About us"}
	trickyTitles = []string{"Tables, chairs & more", `He said "buy"`, "Line one\nline two", "Sale 🪑🔥", "", "Überblick", "a\tb", "\"", "<b>bold</b>", "100 %"}

	eventNames = map[int]string{
		pageView: "Page view", outlink: "Outlink", download: "Download", siteSearch: "Search", customEvent: "Custom event",
		goalEvent: "Goal conversion", orderEvent: "Order", cartLeft: "Abandoned cart", cartAddition: "Add to cart",
	}
)

type location struct{ continent, country, region, city cell }

type referrer struct {
	source, medium, url string
	channel             cell
}

type product struct {
	name, sku string
	cents     int64
}

var products = []product{
	{"Garden chair, wood", "SKU-1", 4990}, {`Table 120"`, "SKU-2", 19900}, {"Stuhl “Süd”", "SKU-3", 7450}, {"Lamp", "", 1299},
}

// productsOf returns one to three products of an event.
func productsOf(e *event) []product {
	from := e.h >> 12 % 2
	return products[from : from+1+e.h>>18%3]
}

func origin(r *row) *referrer { return &origins[r.h(10)>>16%uint64(len(origins))] }
func place(r *row) *location  { return &places[r.h(11)>>16%uint64(len(places))] }

// campaign is "" for all that come from no campaign.
func campaign(r *row) string {
	if origin(r).channel.n != 6 {
		return ""
	}
	if r.s.site.Tricky && r.h(12)%2 == 0 {
		return pick(trickyCampaigns, r.h(13))
	}
	return pick(campaigns, r.h(13))
}

// visits is 0 for a first visit, 2 for a customer's.
func visits(r *row) int {
	n := mix(r.s.site.seed, r.s.visitor+1<<41) % 4
	return min(int(n), 2)
}

func sessionNumber(r *row) int64 {
	if visits(r) == 0 {
		return 1
	}
	return 2 + int64(r.h(14)%30)
}

func sourceMedium(r *row) string {
	o := origin(r)
	if o.source == "" && o.medium == "" {
		return ""
	}
	return o.source + " / " + o.medium
}

// userID is there for every fifth visitor.
func userID(r *row) string {
	if r.s.visitor%5 != 0 {
		return ""
	}
	return "user-" + strconv.FormatUint(r.s.visitor, 10)
}

func address(r *row) cell {
	h := r.h(15)
	return unless(h%10 == 0, textCell("203.0.113."+strconv.FormatUint(h>>8%255, 10)))
}

// coordinate is a number of degrees, null where the city is not known.
func coordinate(r *row, property uint64) cell {
	return unless(place(r).city.n == 0, moneyCell(int64(mix(uint64(place(r).city.n), property)%(property*9000))-int64(property)*4500))
}

func customValue(h uint64) string {
	if h%3 == 0 {
		return ""
	}
	return "value " + strconv.FormatUint(h>>8%7, 10)
}

// pages is how many pages a site has.
const pages = 40

func (s *session) pageURL(e *event) string {
	if e.typ == cartLeft { // told by the server, on no page
		return ""
	}
	url := "https://shop.example/p/" + strconv.Itoa(e.url) + ".html"
	if s.site.Tricky && e.url%5 == 0 {
		url += `?q=a,b&t="x"` + "&e=🪑"
	} else if e.url%7 == 0 {
		url += "?utm_source=mail&id=" + strconv.FormatUint(e.h>>44%20, 10)
	}
	return url
}

func (s *session) title(e *event) string {
	if s.site.Tricky && e.url%2 == 0 {
		return trickyTitles[e.url/2%len(trickyTitles)]
	}
	return titles[e.url%len(titles)]
}

// lastView is the last page view; the first event is always one.
func (s *session) lastView() *event {
	events := s.events()
	for i := len(events) - 1; i > 0; i-- {
		if events[i].typ == pageView {
			return &events[i]
		}
	}
	return &events[0]
}

func (s *session) isExit(e *event) bool { return s.lastView().index == e.index }

// timeOnPage is the time until the next event, of page views that are not the last event.
func timeOnPage(r *row) cell {
	events := r.s.events()
	if r.e.typ != pageView || r.e.index+1 >= len(events) {
		return cell{}
	}
	return numberCell(events[r.e.index+1].at - r.e.at)
}
