package owapro

// stat sums up a metric over rows.
type stat struct {
	scale    int
	sum      int64
	printed  float64 // sum of the values as they are printed
	min, max int64   // of the rows that are not 0
	cnt      int     // rows that are not 0
	extra    int64
	rows     int
}

// figures sums up the metrics over all rows.
func (r *result) figures() []stat {
	out := make([]stat, len(r.metrics))
	for _, row := range r.rows {
		m := r.read(row)
		for i, metric := range r.metrics {
			out[i].add(metric, &m)
		}
	}
	return out
}

func (s *stat) add(m *metric, row *measures) {
	s.rows++
	if m.kind == told {
		return
	}
	units, scale, ok := m.value(row, false)
	s.scale = scale
	s.extra += row.n[m.extraM]
	if !ok || units == 0 {
		return
	}
	s.sum += units
	s.printed += printed(m, units, scale)
	if s.cnt == 0 || units < s.min {
		s.min = units
	}
	s.max = max(s.max, units)
	s.cnt++
}

// printed is the value a float of the vendor's has.
func printed(m *metric, units int64, scale int) float64 {
	if m.noisy {
		if f, ok := noisy(units); ok {
			return f
		}
	}
	f := float64(units)
	for range scale {
		f /= 10
	}
	return f
}

// total is the row of sums, from which the ratios of all rows together follow.
func (r *result) total() measures {
	var sum measures
	for _, row := range r.rows {
		m := r.read(row)
		sum.add(&m)
	}
	return sum
}
