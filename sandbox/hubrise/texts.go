package hubrise

// thing is what one can order, or add, or pay with.
type thing struct{ ref, name string }

var (
	dishes = []thing{
		{"MAR", "Margarita"},
		{"CAR", "Carbonara"},
		{"PES", "Basil and Pesto"},
		{"CAL", "Calzone"},
		{"TIR", "Tiramisù"},
		{"COK", "Coke"},
		{"WBBQ", "Wings BBQ"},
		{"BRO", "Brownie"},
		{"SAL", "Salade niçoise"},
		{"KAR", "Karjalanpiirakka"},
		{"SOU", "Soupe \"du jour\""},
		{"SAT", "Saté 沙爹"},
	}
	sizes    = []thing{{"SM", "Small"}, {"LG", "Large"}, {"XL", "14\""}}
	toppings = []thing{
		{"VES", "Vesuvio"}, {"CAP", "Caprino"}, {"BBQ", "BBQ"}, {"EGG", "Egg"}, {"RIC", "Ricotta Cheese"}, {"JAL", "Jalapeños"}, {"", "18inch Classic"},
	}
	tenders   = []thing{{"CSH", "Payment by cash"}, {"PP", "PayPal"}, {"CC", "Card"}, {"FBFM", "Freebies4me"}}
	channels  = []string{"Web", "Glovo", "Just Eat", "Uber Eats", "Kiosk"}
	firsts    = []string{"Charles", "Jimmy", "Aino", "Zoë", "José", "Nguyễn", "O'Brien", "张"}
	lasts     = []string{"Moore", "Watson", "Virtanen", "Müller", "García", "Smith-Jones", "Łukasz", "D'Angelo"}
	streets   = []string{"avenue des Champs Elysées", "Town Road", "Mannerheimintie", "High St", "rue du Chant des Oiseaux"}
	companies = []string{"", "", "", "HubRise", "Dupont & Fils"}
	carriers  = []thing{{"uber", "Uber Direct"}, {"ups", "UPS"}, {"stuart", "Stuart"}}
	couriers  = []string{
		"pending", "pickup_enroute", "pickup_approaching", "pickup_waiting", "dropoff_enroute", "dropoff_approaching", "dropoff_waiting", "delivered", "cancelled",
	}
)

// awkward are texts that come through bridges of other systems.
var awkward = []string{"Don't ring; \"knock\"", "two\nlines\tand a tab", " blanks ", "back\\slash", "emoji 🍕", "=1+1", "\\N", "NULL", "a,b;c", "\u202eright to left"}

// nul is a text no PostgreSQL can hold.
const nul = "before\x00after"

func awkwardText(seed uint64) string { return awkward[seed%uint64(len(awkward))] }
