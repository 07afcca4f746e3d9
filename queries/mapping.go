package queries

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Mapping is a time in which NOMIS knew a non-association of a pair by a sequence.
type Mapping struct {
	NonAssociationID uuid.UUID
	Pair             domain.Pair
	TypeSequence     int
	Type             domain.MappingType
	Correlation      uuid.UUID // of the fact that it began with: of MIGRATED ones the id of the migration
	Since            time.Time // when that fact was recorded
	Until            *time.Time
}

// Mappings are the mappings of one answer, which reflects exactly the position.
type Mappings struct {
	Mappings []Mapping
	Position uint64
}

const (
	mappingsSQL = `SELECT id, pair, type_sequence, mapping_type, correlation, since, until FROM read.mapping WHERE `

	// While a record transfers it may be mapped in both pairs. The later one counts.
	mappingOfSQL         = mappingsSQL + `id = $1 AND until IS NULL ORDER BY position DESC LIMIT 1`
	mappingBySequenceSQL = mappingsSQL + `pair = $1 AND type_sequence = $2 AND until IS NULL LIMIT 1`
	mappingHistorySQL    = mappingsSQL + `id = $1 ORDER BY position`
	latestMigratedSQL    = mappingsSQL + isMigrated + ` AND position > 0 ORDER BY position DESC LIMIT 1` // as its index states
	migratedSQL          = mappingsSQL + isMigrated + ` AND correlation = $1`

	isMigrated = `mapping_type = 'MIGRATED' AND until IS NULL`
)

// MappingOf reads the mapping of a record, deleted or not. The answer holds none for a
// record that is not mapped. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) MappingOf(ctx context.Context, id uuid.UUID, atLeast uint64) (Mappings, error) {
	return r.mappings(ctx, atLeast, mappingOfSQL, [16]byte(id))
}

// MappingBySequence reads the mapping of a pair's sequence. The answer holds none for a
// sequence of no record. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) MappingBySequence(ctx context.Context, pair domain.Pair, sequence int, atLeast uint64) (Mappings, error) {
	return r.mappings(ctx, atLeast, mappingBySequenceSQL, pair.String(), sequence)
}

// MappingHistory lists every mapping that a record has had, oldest first, in whichever
// pair it was. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) MappingHistory(ctx context.Context, id uuid.UUID, atLeast uint64) (Mappings, error) {
	return r.mappings(ctx, atLeast, mappingHistorySQL, [16]byte(id))
}

// LatestMigrated reads the mapping that a migration made last, of those that hold. The
// answer holds none when there is none. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) LatestMigrated(ctx context.Context, atLeast uint64) (Mappings, error) {
	return r.mappings(ctx, atLeast, latestMigratedSQL)
}

// MigratedRequest asks for a page of the mappings that a migration made and that hold,
// in the order of the log.
type MigratedRequest struct {
	Migration uuid.UUID
	Size      int
	Offset    int64
	AtLeast   uint64
}

// MigratedPage is one page of mappings.
type MigratedPage struct {
	Mappings

	Total int64 // of the migration, in the same snapshot
}

// migratedPageSQL gives the total also for a page without mappings.
const migratedPageSQL = `SELECT (SELECT count(*) FROM read.mapping WHERE ` + isMigrated + ` AND correlation = $1),
		m.id, m.pair, m.type_sequence, m.mapping_type, m.correlation, m.since, m.until
	FROM (SELECT) always
	LEFT JOIN (` + migratedSQL + ` ORDER BY position LIMIT $2 OFFSET $3) m ON true`

// Migrated reads a page of the mappings of a migration. Errors: ErrNotCaughtUp,
// ErrBehind.
func (r *Reader) Migrated(ctx context.Context, of MigratedRequest) (MigratedPage, error) {
	page, err := reaching(ctx, r, of.AtLeast, func(ctx context.Context) (page MigratedPage, position uint64, err error) {
		page.Position, err = r.snapshot(ctx, page.read, migratedPageSQL, [16]byte(of.Migration), of.Size, of.Offset)
		return page, page.Position, err
	})
	return page, wrapped("read the mappings of a migration", err)
}

// read takes the rows of migratedPageSQL. An empty page is one row with the total only.
func (p *MigratedPage) read(rows pgx.Rows) error {
	p.Mappings.Mappings = nil
	for rows.Next() {
		var id *[16]byte
		if err := rows.Scan(&p.Total, &id, nil, nil, nil, nil, nil, nil); err != nil || id == nil {
			return err
		}
		m, err := scanMapping(rows, &p.Total)
		if err != nil {
			return err
		}
		p.Mappings.Mappings = append(p.Mappings.Mappings, m)
	}
	return rows.Err()
}

// mappings reads mappings with the position of their snapshot.
func (r *Reader) mappings(ctx context.Context, atLeast uint64, sql string, arguments ...any) (Mappings, error) {
	found, err := reaching(ctx, r, atLeast, func(ctx context.Context) (found Mappings, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			found.Mappings, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Mapping, error) { return scanMapping(row) })
			return err
		}, sql, arguments...)
		return found, found.Position, err
	})
	return found, wrapped("read mappings", err)
}

// scanMapping reads the columns of mappingsSQL, after those that were selected before
// them.
func scanMapping(row pgx.CollectableRow, before ...any) (Mapping, error) {
	var (
		m               Mapping
		id, correlation [16]byte
		pair            string
	)
	if err := row.Scan(append(before, &id, &pair, &m.TypeSequence, &m.Type, &correlation, &m.Since, &m.Until)...); err != nil {
		return Mapping{}, err
	}
	m.NonAssociationID, m.Correlation = id, correlation
	var err error
	m.Pair, err = domain.ParsePair(pair)
	return m, err
}
