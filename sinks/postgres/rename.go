package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exporter/sinks"
)

// Rename implements sinks.Renamer. Rows belong to slices by their number, so only
// the ledger changes. A load of an old name that is on its way still commits, under
// the new one.
func (s *sink) Rename(ctx context.Context, from []string, to string) error {
	var some bool
	err := s.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+s.slices()+" WHERE table_schema = $1 AND job = ANY($2))", s.schema, from).Scan(&some)
	if is(err, undefinedTable, undefinedSchema) || err == nil && !some {
		return nil
	}
	if err == nil {
		err = s.ensure(ctx) // all tables of this version's ledger
	}
	if err == nil {
		err = s.inTx(ctx, func(tx pgx.Tx) error { return s.rename(ctx, tx, from, to) })
	}
	return s.rights(ctx, err, "rename slices of %v in ledger %s", from, s.ledger)
}

func (s *sink) rename(ctx context.Context, tx pgx.Tx, from []string, to string) error {
	// What was only begun under the new name has no rows, and is in the way.
	const begun = ` n WHERE table_schema = $1 AND job = $3 AND tables IS NULL
		AND EXISTS (SELECT FROM %[1]s o WHERE o.table_schema = n.table_schema AND o.job = ANY($2) AND o.part = n.part AND o.interval_start = n.interval_start)`
	var some bool
	err := tx.QueryRow(ctx, fmt.Sprintf("SELECT EXISTS (SELECT FROM %[1]s"+begun+")", s.slices()), s.schema, from, to).Scan(&some)
	if err == nil && some { // else the right to delete is not needed
		_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %[1]s"+begun, s.slices()), s.schema, from, to)
	}
	if err != nil {
		return err
	}
	// In the order of a load's locks: slices, progress, runs.
	set := func(table string) error {
		_, err := tx.Exec(ctx, `UPDATE `+table+` SET job = $3 WHERE table_schema = $1 AND job = ANY($2)`, s.schema, from, to)
		return err
	}
	if err = set(s.slices()); is(err, uniqueViolation) {
		return sinks.NamedTwice(from, to, err)
	}
	if err == nil {
		err = s.recountJobs(ctx, tx, append(slices.Clone(from), to))
	}
	for _, table := range []string{s.runs(), s.restatements(), ident(s.ledger, "schema_changes")} {
		if err == nil {
			err = set(table)
		}
	}
	return err
}
