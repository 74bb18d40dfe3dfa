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
		err = s.inTx(ctx, func(tx pgx.Tx) error {
			if err := s.rename(ctx, tx, from, to); err != nil {
				return err
			}
			return s.noteRenaming(ctx, tx, from, to)
		})
	}
	return s.rights(ctx, err, "rename slices of %v in ledger %s", from, s.ledger)
}

// noteRenaming writes down that jobs have another name, which may be one that a job had
// before.
func (s *sink) noteRenaming(ctx context.Context, tx pgx.Tx, from []string, to string) error {
	_, err := tx.Exec(ctx, `INSERT INTO `+s.renames()+` AS r (table_schema, job, renamed_to, renamed_at)
		SELECT $1, job, $3, now() FROM unnest($2::text[]) AS job
		ON CONFLICT (table_schema, job) DO UPDATE SET renamed_to = excluded.renamed_to, renamed_at = excluded.renamed_at WHERE r.renamed_to <> excluded.renamed_to`, s.schema, from, to)
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM "+s.renames()+" WHERE table_schema = $1 AND job = $2", s.schema, to)
	}
	return err
}

// renamed is why a job's slices are not loaded under that name.
func (s *sink) renamed(ctx context.Context, job string) error {
	var to string
	if err := s.pool.QueryRow(ctx, "SELECT renamed_to FROM "+s.renames()+" WHERE table_schema = $1 AND job = $2", s.schema, job).Scan(&to); err != nil {
		return s.rights(ctx, err, "look for the name of job %s in ledger %s", job, s.ledger)
	}
	return sinks.Renamed(job, to, fmt.Sprintf("run: DELETE FROM %s WHERE table_schema = %s AND job = %s;", s.renames(), literal(s.schema), literal(job)))
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
