package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// merge measures a load by key of rows of which a hundredth has changed.
func (st *stage) merge(ctx context.Context) error {
	return st.merges(ctx, "", st.slice)
}

// mergeFromSpool measures the same when the rows wait in the spool.
func (st *stage) mergeFromSpool(ctx context.Context) error {
	return st.merges(ctx, "-spool", st.spooledSlice)
}

func (st *stage) merges(ctx context.Context, from string, load func(context.Context, *result) (sample, error)) error {
	if err := st.loaded(ctx, "merge"); err != nil {
		return err
	}
	r := st.result("merge"+from, "postgres", st.truth, atLeast(0.8))
	r.Reference.Name = "staging + INSERT ON CONFLICT"
	files := map[string]string{"again": st.again, base: st.csv}
	other := map[string]string{"again": base, base: "again"}
	mine, byHand := "again", "again"
	err := st.pair(ctx, r, func() (sample, error) {
		if err := st.vendor.use(ctx, mine); err != nil {
			return sample{}, err
		}
		mine = other[mine]
		s, err := st.expect(ctx, true, r, load)
		if err != nil {
			return s, err
		}
		if r.Changed, err = st.db.number(ctx, "SELECT count(*) FROM marketing.facts WHERE _loaded_at = (SELECT max(_loaded_at) FROM marketing.facts)"); err != nil {
			return s, err
		}
		if r.Changed < 1 || r.Changed > st.truth/50 {
			return s, fmt.Errorf("%d of %d rows were written, want a hundredth", r.Changed, st.truth)
		}
		return s, errors.Join(st.complete(ctx), st.db.do(ctx, "VACUUM marketing.facts"))
	}, reference{&r.reference, func() (sample, error) {
		s, err := st.mergeByHand(ctx, files[byHand])
		byHand = other[byHand]
		return s, err
	}})
	return errors.Join(err, st.vendor.use(ctx, base))
}

// mergeByHand is what a person would write, who does not want to write anew what is
// the same: \copy into a temporary table, then an upsert of what differs.
func (st *stage) mergeByHand(ctx context.Context, csv string) (sample, error) {
	key, err := st.db.text(ctx, `SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
		WHERE i.indrelid = 'ref.twin'::regclass AND i.indisunique`)
	if err != nil {
		return sample{}, err
	}
	list := strings.Join(st.columns, ", ")
	var set, there, new []string
	for _, c := range st.columns {
		set = append(set, c+" = EXCLUDED."+c)
		there, new = append(there, "t."+c), append(new, "EXCLUDED."+c)
	}
	if err := st.db.settle(ctx); err != nil {
		return sample{}, err
	}
	s, err := st.metered(func() (client, error) {
		return st.db.psql(ctx, "BEGIN", "CREATE TEMPORARY TABLE stage (LIKE ref.plain) ON COMMIT DROP", `\copy stage FROM '`+csv+`' CSV`, "ANALYZE stage",
			"INSERT INTO ref.twin AS t ("+list+", _slice, _loaded_at) SELECT "+list+", 1, now() FROM stage ON CONFLICT ("+key+") DO UPDATE SET "+strings.Join(set, ", ")+
				", _loaded_at = EXCLUDED._loaded_at WHERE ROW("+strings.Join(there, ", ")+") IS DISTINCT FROM ROW("+strings.Join(new, ", ")+")", "COMMIT")
	})
	return s, errors.Join(err, st.holds(ctx, "ref.twin"), st.db.do(ctx, "VACUUM ref.twin"))
}
