package hasoffers_test

import (
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources/hasoffers"
)

// TestVendorIsStricterThanPromised reads from a vendor that allows a quarter of
// what is configured: one refusal tells, and nothing else is refused.
func TestVendorIsStricterThanPromised(t *testing.T) {
	strict := []string{"5/10s"}
	tests := map[string]struct {
		sandbox sandbox.Config
		config  func(*vendor) *hasoffers.Config
	}{
		"gateway": {
			sandbox.Config{Gateway: sandbox.Gateway{Limits: strict, CountRefused: true}}, (*vendor).integrator,
		},
		"gateway, inside a good answer": {
			sandbox.Config{Gateway: sandbox.Gateway{Limits: strict, CountRefused: true, Throttle: sandbox.ThrottleEnvelope}}, (*vendor).integrator,
		},
		"network": {
			sandbox.Config{NetworkAPI: sandbox.NetworkAPI{Limits: strict, CountRefused: true}}, (*vendor).network,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, test.sandbox)
			synctest.Test(t, func(t *testing.T) {
				c, o := test.config(v), &hasoffers.Options{PageSize: 20}
				d := deps(t, c, nil)
				var err error
				d.Limiter, err = ratelimit.New(t.Context(), "tune", ratelimit.Limits{Windows: []ratelimit.Window{{N: 20, Per: 10 * time.Second}}}, ratelimit.Options{})
				if err != nil {
					t.Fatal(err)
				}
				s := hasoffers.OpenOver(d, c, o, wire{v})
				req := request(t, s, "conversions", day(t, oneDay, 2)) // about 20 calls
				var rows int64
				for range 3 {
					got := collect(t.Context(), t, s, req)
					if rows += got.rows; got.err == nil {
						break
					}
					if fault.ClassOf(got.err) != fault.Throttled {
						t.Fatalf("read: %v", got.err)
					}
					if len(got.marks) > 0 { // as the runner does
						req.After = got.marks[len(got.marks)-1]
					}
				}
				status := d.Limiter.Status()
				w := status.Windows[0]
				if status.Throttles != 1 || w.Limit != 5 || rows != 400 || status.Requests < 20 {
					t.Errorf("%d rows with %d requests, %d of them refused, limit %d now; want 400 rows, 1 refusal, limit 5",
						rows, status.Requests, status.Throttles, w.Limit)
				}
			})
		})
	}
}
