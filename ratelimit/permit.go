package ratelimit

// Permit allows one request. Its methods may be called from any goroutine and
// more than once; only the first call of each counts.
type Permit struct {
	l        *Limiter
	lane     *lane
	user     *user
	ask      Ask
	unmarked bool // not covered by the stored usage yet
	started  bool
	released bool
}

// FirstByte starts the clock of the permit's windows: call it when the first byte
// of the response has arrived, never earlier.
func (p *Permit) FirstByte() {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	if p.started {
		return
	}
	now := p.l.now()
	p.startClock(now)
	if len(p.l.queue) > 0 {
		p.l.dispatch(now)
	}
}

// Release frees the place in flight: call it when the body is closed or the
// request has failed. Without FirstByte before it, it also starts the clock.
func (p *Permit) Release() {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	if p.released {
		return
	}
	p.released = true
	p.l.inFlight--
	if p.started && len(p.l.queue) == 0 {
		return
	}
	now := p.l.now()
	if !p.started {
		p.startClock(now)
	}
	if len(p.l.queue) > 0 {
		p.l.dispatch(now)
	}
}

func (p *Permit) startClock(now int64) {
	p.started = true
	p.lane.out -= p.ask.Weight
	for _, r := range p.lane.rings {
		r.prune(now)
		r.start(now, p.ask.Weight)
	}
}

// giveBack undoes the permit of a request that was not sent.
func (p *Permit) giveBack() {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	now := p.l.now()
	p.started, p.released = true, true
	p.l.inFlight--
	p.l.stats.requests--
	p.user.requests.add(p.l.hour(now), -1)
	p.lane.out -= p.ask.Weight
	for _, r := range p.lane.rings {
		r.out -= p.ask.Weight
	}
	p.l.dispatch(now)
}
