package hubrise

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// Levels of a connection.
const (
	levelAccount  = "account"
	levelLocation = "location"
)

// connection is what the token is for.
type connection struct {
	level    string
	account  string
	location string            // of a token of this level
	grant    map[string]string // that came with the token
	places   map[string]place  // locations by id
	ids      []string          // of them, in the vendor's order
}

// place is what of a location the dates of its orders depend on.
type place struct {
	zone   *time.Location // nil = not known
	cutoff time.Duration  // since midnight
}

// cutoffDefault is the vendor's.
const cutoffDefault = 6 * time.Hour

// part returns what the slices of the connection are about.
func (c *connection) part() string {
	if c.level == levelLocation {
		return c.location
	}
	return c.account
}

// connection returns what the token is for; it is asked once in the life of a source.
func (s *source) connection(ctx context.Context) (*connection, error) {
	s.connecting.Lock()
	defer s.connecting.Unlock()
	if s.connected != nil {
		return s.connected, nil
	}
	c, err := s.probe(ctx)
	if err != nil {
		return nil, err
	}
	if c.level == levelAccount {
		if err := s.locations(ctx, c); err != nil {
			return nil, err
		}
	}
	s.connected = c
	return c, nil
}

// probe asks who the token is. Its level is known from the login; else both are tried.
func (s *source) probe(ctx context.Context) (*connection, error) {
	c := &connection{places: map[string]place{}}
	levels := []string{levelAccount, levelLocation}
	if s.login != nil {
		token, err := s.login.stored(ctx)
		if err != nil {
			return nil, err
		}
		c.grant = token.Extra
		switch known := level(token.Extra); {
		case known != "":
			levels = []string{known}
		case token.Extra[grantLocation] != "":
			levels = []string{levelLocation, levelAccount}
		}
	} else if strings.HasPrefix(s.config.Scope, levelLocation) {
		levels = []string{levelLocation, levelAccount}
	}
	var errs []error
	for _, l := range levels {
		c.level = l
		err := s.who(ctx, c)
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
		if status := statusOf(err); status != http.StatusNotFound && status != http.StatusForbidden {
			return nil, err
		}
	}
	return nil, errs[0]
}

// who asks for the account, or the location, of the token.
func (s *source) who(ctx context.Context, c *connection) error {
	t := newReader(locationShapes()[0])
	err := s.one(ctx, "/"+c.level, func(document []byte) error {
		t.read(document)
		if c.level == levelAccount {
			c.account = string(t.plain("id"))
		} else {
			c.location, c.account = string(t.plain("id")), string(t.plain("account.id"))
			c.add(t)
		}
		return nil
	})
	if err == nil && (c.account == "" || c.level == levelLocation && c.location == "") {
		err = fault.New(fault.Data, "the answer of /%s has no id", c.level).
			WithHint("The vendor's answer has another shape than documented. Look at base_url of the source.")
	}
	return err
}

// locations asks for all locations of an account.
func (s *source) locations(ctx context.Context, c *connection) error {
	t := newReader(locationShapes()[0])
	return s.every(ctx, "/locations", func(document []byte) error {
		t.read(document)
		c.add(t)
		return nil
	})
}

// add notes a location that t has read.
func (c *connection) add(t *table) {
	id := string(t.plain("id"))
	if id == "" {
		return
	}
	p := place{cutoff: cutoffDefault}
	if name := t.plain("timezone.name"); len(name) > 0 {
		if zone, err := time.LoadLocation(string(name)); err == nil {
			p.zone = zone
		}
	}
	if at, err := time.Parse("15:04", string(t.plain("cutoff_time"))); err == nil {
		p.cutoff = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if _, known := c.places[id]; !known {
		c.ids = append(c.ids, id)
	}
	c.places[id] = p
}

// newReader returns a table that only reads documents.
func newReader(s shape) *table {
	// A shape has the columns of its own table.
	t, err := newTable(0, s.table(), s)
	if err != nil {
		panic("hubrise: " + err.Error())
	}
	return t
}

// one reads a document that is known to be small.
func (s *source) one(ctx context.Context, path string, take func(document []byte) error) (err error) {
	resp, err := s.client.Do(ctx, &httpapi.Request{URL: path, Want: "application/json"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	d := newDecoder(resp.Body)
	return d.Document(func() error {
		document, err := d.ReadObject()
		if err != nil {
			return err
		}
		return take(document)
	})
}

// every reads all pages of a list that is known to be short.
func (s *source) every(ctx context.Context, path string, take func(document []byte) error) error {
	cursor := ""
	for range maxIdle {
		next, err := s.page(ctx, path, cursor, take)
		if err != nil || next == "" {
			return err
		}
		cursor = next
	}
	return endless(path)
}

func (s *source) page(ctx context.Context, path, cursor string, take func(document []byte) error) (next string, err error) {
	query := url.Values{"count": {strconv.Itoa(maxPageSize)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	resp, err := s.client.Do(ctx, &httpapi.Request{URL: path, Query: query, Want: "application/json"})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	d := newDecoder(resp.Body)
	err = d.Document(func() error { return documents(d, take) })
	return nextCursor(resp.Header), err
}

func nextCursor(header http.Header) string { return strings.TrimSpace(header.Get("X-Cursor-Next")) }

// businessDay returns the date of an instant at a place, whose days begin at the cutoff.
func (p place) businessDay(dst []byte, at time.Time) []byte {
	local := at.In(p.zone)
	_, offset := local.Zone()
	wall := time.UnixMicro(at.UnixMicro() + int64(offset)*1e6).UTC().Add(-p.cutoff)
	return wall.AppendFormat(dst, time.DateOnly)
}

// things lists what is visible under the account and its locations, or under the
// location, each once: the documents of lists or catalogs, by id.
func (s *source) things(ctx context.Context, c *connection, what string) ([]thing, error) {
	var all []thing
	seen := map[string]bool{}
	t := newReader(customerShapes()[tableLists])
	add := func(document []byte) error {
		t.read(document)
		id := string(t.plain("id"))
		if id == "" {
			return fault.New(fault.Data, "an element of %s has no id", what).WithHint("The vendor's answer has another shape than documented.")
		}
		if !seen[id] {
			seen[id] = true
			all = append(all, thing{id: id, document: bytes.Clone(document)})
		}
		return nil
	}
	locations := s.list.Locations
	if len(locations) == 0 {
		locations = c.ids
		if c.level == levelAccount {
			if err := s.every(ctx, "/accounts/"+url.PathEscape(c.account)+"/"+what, add); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range locations {
		if err := s.every(ctx, "/locations/"+url.PathEscape(id)+"/"+what, add); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// thing is a list of customers or a catalog.
type thing struct {
	id       string
	document []byte // of a list
}
