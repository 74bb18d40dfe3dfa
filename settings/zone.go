package settings

import "time"

// Zone returns the zone of that IANA name, nil for a name that is none: "" is not,
// and "Local" would be another one on every machine.
func Zone(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// CheckZone reports what keeps the value of a setting that may be left out from
// being a zone. Example is a zone as it should look.
func CheckZone(key, name, example string) []Problem {
	if name == "" || Zone(name) != nil {
		return nil
	}
	return []Problem{Problemf(key, "%q is not a zone; write an IANA name such as %q, or take the line out", name, example)}
}
