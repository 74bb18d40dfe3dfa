package hasoffers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/hasoffers"
)

// TestNetworkErrors goes through the sheet's table of the network layer.
func TestNetworkErrors(t *testing.T) {
	tests := []struct {
		text string
		want fault.Class
		wait time.Duration
	}{
		{"blabla.  API usage exceeded rate limit.  Configured: 50/10s window; Your usage: 51.  See https://help.tune.com/hasoffers/rate-limit-error/ for guidance.", fault.Throttled, 10 * time.Second},
		{"User has exceeded API rate limit", fault.Throttled, 0},
		{"NetworkToken REDACTED is not authenticated", fault.Auth, 0},
		{"Network id is not valid", fault.Config, 0},
		{"IP 127.0.0.1 is not white-listed. Please enable it in the application, Support => API", fault.Auth, 0},
		{"Missing required argument: start_date", fault.Permanent, 0},
		{"Field 'nothing' does not exist or is not allowed to be used.", fault.Config, 0},
		{"There was a database error with the trackable id [SE-5f3a9c21]. Please try again.", fault.Transient, 0},
		{"Failed to hydrate rows: 12", fault.Permanent, 0},
		{"Invalid Authorization", fault.Auth, 0},
		{"Something new", fault.Permanent, 0},
		{"", fault.Permanent, 0},
	}
	for _, test := range tests {
		err := hasoffers.Explain(test.text)
		if fault.ClassOf(err) != test.want || fault.WaitOf(err) != test.wait || fault.HintOf(err) == "" {
			t.Errorf("%q: got class %q, wait %s, hint %q, want class %q, wait %s and a hint",
				test.text, fault.ClassOf(err), fault.WaitOf(err), fault.HintOf(err), test.want, test.wait)
		}
	}
}

// TestGatewayErrors goes through the sheet's table of the gateway, in every shape
// its bodies may have.
func TestGatewayErrors(t *testing.T) {
	tests := []struct {
		status int
		text   string
		want   fault.Class
		wait   time.Duration
	}{
		{400, "missing integratorId parameter", fault.Config, 0},
		{401, "JWT is not valid or missing.", fault.Auth, 0},
		{401, "Insufficient permissions for this request. Please verify your JWT and try again later", fault.Auth, 0},
		{403, "Invalid origin: example.com", fault.Permanent, 0},
		{404, "1234 does not exist within our system. Please contact an administrator", fault.Config, 0},
		{405, "Invalid HTTP Method: POST", fault.Permanent, 0},
		{414, "URL exceeds allowed length. Please shorten query and try again.", fault.Config, 0},
		{429, "Exceeded concurrent rate limit: 3 / 2", fault.Throttled, 0},
		{429, "Exceeded flat rate limit: 21 / 20 in 10 second window.", fault.Throttled, 10 * time.Second},
		{500, "Error encountered while validating origin", fault.Transient, 0},
		{502, "Internal Server Error", fault.Transient, 0},
		// The status decides where it and the text disagree.
		{429, "", fault.Throttled, 0},
		{504, "", fault.Transient, 0},
		{503, "JWT is not valid or missing", fault.Transient, 0},
		{401, "", fault.Auth, 0},
		{403, "Forbidden", fault.Auth, 0},
		{400, "Internal Server Error", fault.Permanent, 0},
	}
	shapes := []string{`{"message":%q}`, `{"error":%q}`, `%s`, `{"request":{},"response":{"status":-1,"data":"","errors":[{"publicMessage":%[1]q}],"errorMessage":%[1]q}}`}
	for _, test := range tests {
		for _, shape := range shapes {
			body := fmt.Sprintf(shape, test.text)
			err := hasoffers.GatewayFault(test.status, body)
			if fault.ClassOf(err) != test.want || fault.WaitOf(err) != test.wait || fault.HintOf(err) == "" {
				t.Errorf("%d %s: got class %q, wait %s, hint %q, want class %q, wait %s and a hint",
					test.status, body, fault.ClassOf(err), fault.WaitOf(err), fault.HintOf(err), test.want, test.wait)
			}
		}
	}
}

func TestLimitsInTexts(t *testing.T) {
	const ten = 10 * time.Second
	for text, want := range map[string][]ratelimit.Window{
		"blabla.  API usage exceeded rate limit.  Configured: 50/10s window; Your usage: 51.  See https://help.tune.com": {{N: 50, Per: ten}},
		"vendor says: Exceeded flat rate limit: 21 / 20 in 10 second window.":                                            {{N: 20, Per: ten}},
		`{"message":"exceeded flat rate limit: 1001/1000 in 3600 second window"}`:                                        {{N: 1000, Per: time.Hour}},
		"Exceeded concurrent rate limit: 3 / 2":                                                                          {{N: 2}},
		"User has exceeded API rate limit":                                                                               nil,
		"Configured: 0/10s window; Your usage: 51":                                                                       nil,
		"Configured: 50/0s window; Your usage: 51":                                                                       nil,
		"Configured: 99999999999999999999/10s window":                                                                    nil,
		"": nil,
	} {
		if diff := cmp.Diff(want, hasoffers.LimitsIn(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
