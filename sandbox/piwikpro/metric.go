package piwikpro

// metric is a figure of /query/.
type metric struct {
	id, name string
	measure  measure
	over     measure // of a rate: what measure is divided by
	forGoal  bool    // may be asked for one goal
	foreign  bool    // of an integration no site has
	cents    bool
}

// measure is what a metric adds up.
type measure int

const (
	mNone measure = iota
	mSessions
	mVisitors
	mUsers
	mReturning // visitors that came again
	mEvents
	mPageViews
	mUniquePageViews
	mEntries
	mExits
	mBounces
	mOutlinks
	mDownloads
	mSearches
	mCustomEvents
	mGoals
	mOrders
	mCarts
	mCartAdditions
	mZero
)

var metrics = []*metric{
	{id: "events", name: "Events", measure: mEvents},
	{id: "page_views", name: "Page views", measure: mPageViews},
	{id: "unique_page_views", name: "Unique page views", measure: mUniquePageViews},
	{id: "sessions", name: "Sessions", measure: mSessions},
	{id: "visitors", name: "Visitors", measure: mVisitors},
	{id: "users", name: "Users", measure: mUsers},
	{id: "returning_visitors_rate", name: "% of returning visitors", measure: mReturning, over: mVisitors},
	{id: "entries", name: "Entries", measure: mEntries},
	{id: "exits", name: "Exits", measure: mExits},
	{id: "bounces", name: "Bounces", measure: mBounces},
	{id: "bounce_rate", name: "Bounce rate", measure: mBounces, over: mEntries},
	{id: "bounce_rate_events", name: "Bounce rate", measure: mBounces, over: mEvents},
	{id: "entry_rate", name: "Entry rate", measure: mEntries, over: mUniquePageViews},
	{id: "exit_rate", name: "Exit rate", measure: mExits, over: mUniquePageViews},
	{id: "events_per_session", name: "Events per session", measure: mEvents, over: mSessions},
	{id: "outlinks", name: "Outlinks", measure: mOutlinks},
	{id: "downloads", name: "Downloads", measure: mDownloads},
	{id: "searches", name: "Searches", measure: mSearches},
	{id: "custom_events", name: "Custom events", measure: mCustomEvents},
	{id: "goal_conversions", name: "Goal conversions", measure: mGoals, forGoal: true},
	{id: "goal_conversion_rate", name: "Goal conversion rate", measure: mGoals, over: mSessions, forGoal: true},
	{id: "ecommerce_conversions", name: "Orders", measure: mOrders},
	{id: "ecommerce_conversion_rate", name: "Order rate", measure: mOrders, over: mSessions},
	{id: "cart_additions", name: "Product adds to cart", measure: mCartAdditions},
	{id: "ecommerce_abandoned_carts", name: "Abandoned carts", measure: mCarts},
	{id: "consents_full", name: "Full consents", measure: mZero},
	{id: "consents_none", name: "No consents", measure: mZero},
	{id: "search_engine_clicks", name: "Search engine clicks", measure: mZero, foreign: true},
	{id: "search_engine_impressions", name: "Search engine impressions", measure: mZero, foreign: true},
	{id: "google_ads_clicks", name: "Google Ads clicks", measure: mZero, foreign: true},
	{id: "google_ads_cost", name: "Google Ads cost", measure: mZero, foreign: true, cents: true},
}

func findMetric(id string) *metric {
	for _, m := range metrics {
		if m.id == id {
			return m
		}
	}
	return nil
}

// typeName is the documented type.
func (m *metric) typeName() string {
	if m.over != mNone || m.cents {
		return "float"
	}
	return "int"
}

// eventMeasures are the measures that count events of a type.
var eventMeasures = map[measure]int{
	mPageViews: pageView, mOutlinks: outlink, mDownloads: download, mSearches: siteSearch, mCustomEvents: customEvent,
	mGoals: goalEvent, mOrders: orderEvent, mCarts: cartLeft, mCartAdditions: cartAddition,
}

// inSession is a measure of a whole session.
func (m measure) inSession(s *session, goal int) int64 {
	if goal >= 0 {
		return countGoal(s, goal)
	}
	s.events()
	t := &s.sums
	switch m {
	case mSessions, mEntries, mExits:
		return 1
	case mBounces:
		return flag(t.events == 1).n
	case mEvents:
		return t.events
	case mPageViews:
		return t.pageViews
	case mUniquePageViews:
		return t.uniquePageViews
	case mOutlinks:
		return t.outlinks
	case mDownloads:
		return t.downloads
	case mSearches:
		return t.searches
	case mCustomEvents:
		return t.custom
	case mGoals:
		return t.goals
	case mOrders:
		return t.orders
	case mCarts:
		return t.carts
	case mCartAdditions:
		return t.cartAdditions
	}
	return 0
}

func countGoal(s *session, goal int) (n int64) {
	for _, e := range s.events() {
		if e.typ == goalEvent && e.goal == goal {
			n++
		}
	}
	return n
}

// inEvent is a measure of one event.
func (m measure) inEvent(s *session, e *event, goal int) int64 {
	switch m {
	case mEvents:
		return 1
	case mUniquePageViews:
		return flag(e.first).n
	case mEntries:
		return flag(e.index == 0).n
	case mExits:
		return flag(s.isExit(e)).n
	case mBounces:
		return flag(e.index == 0 && s.count() == 1).n
	}
	return flag(e.typ == eventMeasures[m] && (goal < 0 || e.goal == goal)).n
}
