package hubrise

import (
	"context"
	"time"

	"exporter/sources"
)

var _ sources.Changer = (*source)(nil)

// Changed implements sources.Changer. Anonymising a customer rewrites all their orders,
// and nothing tells which: the first run of a month reads everything again.
func (s *source) Changed(_ context.Context, stream string, since time.Time) ([]sources.Interval, error) {
	if stream != streamOrders || s.orders == nil || s.orders.Deep == deepOff {
		return nil, nil
	}
	zone := s.config.Zone()
	if zone == nil {
		zone = time.UTC
	}
	now := s.now().In(zone)
	if y, m, _ := since.In(zone).Date(); y == now.Year() && m == now.Month() {
		return nil, nil
	}
	return []sources.Interval{{End: now}}, nil
}
