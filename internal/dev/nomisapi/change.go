package nomisapi

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// author is who writes, as the audit columns have it.
type author struct{ user, module string }

// The two that write, by default.
var (
	byAPI   = author{"PRISONER_MANAGER_API", "DPS_SYNCHRONISATION"}
	byStaff = author{"STAFF_GEN", "OIDONONA"}
)

// change is a transaction that holds the locks of its prisoners. Its statements are
// collected, and sent together before the commit.
type change struct {
	server *Server
	by     author
	tx     pgx.Tx
	who    map[string]prisoner
	batch  *pgx.Batch
	rows   []changedRow
	today  string
}

// changedRow is a row as Oracle's trigger sees it.
type changedRow struct {
	of, about          prisoner
	booking, nsBooking int64
	detail             detail
	deleted            bool
	module             string
}

// change locks the prisoners, calls do and commits; messages about the rows are then
// sent unless silent. After an error nothing is changed. Changes of one prisoner are
// one after the other.
func (s *Server) change(ctx context.Context, by author, silent bool, numbers []string, do func(*change) error) error {
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after the commit it does nothing
	c := &change{server: s, by: by, tx: tx, batch: &pgx.Batch{}, today: s.today()}
	if c.who, err = s.lock(ctx, tx, numbers...); err != nil {
		return err
	}
	if err := do(c); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, c.batch).Close(); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	if !silent {
		s.tell(c.rows)
	}
	return nil
}

// changePair is change for one pair, whose rows do gets. Both prisoners may be unknown
// to the API.
func (s *Server) changePair(ctx context.Context, by author, silent bool, a, b string, do func(*change, *pair) error) error {
	return s.change(ctx, by, silent, []string{a, b}, func(c *change) error {
		rows, err := c.load(ctx, a, b)
		if err != nil {
			return err
		}
		if err := do(c, rows); err != nil {
			return err
		}
		c.damageWritten(rows)
		return nil
	})
}

// load reads a pair whose prisoners are locked.
func (c *change) load(ctx context.Context, a, b string) (*pair, error) {
	rows := newPair(c.who[a], c.who[b])
	batch := &pgx.Batch{}
	queueRows(batch, rows)
	return rows, c.tx.SendBatch(ctx, batch).Close()
}

// note records a changed row for the messages.
func (c *change) note(of *side, d detail, deleted bool) {
	row := changedRow{of: of.of, about: of.about, detail: d, deleted: deleted, module: c.by.module}
	if of.parent != nil {
		row.booking, row.nsBooking = of.parent.booking, of.parent.nsBooking
	}
	c.rows = append(c.rows, row)
}

// put writes a detail row, a new one or one that is there. The rows in memory follow.
func (c *change) put(of *side, d detail) {
	if there := of.at(d.Seq); there != nil {
		d.CreatedBy, d.ModifiedBy = there.CreatedBy, &c.by.user
		*there = d
	} else {
		if d.CreatedBy == "" {
			d.CreatedBy = c.by.user
		}
		of.details = append(of.details, d)
	}
	c.batch.Queue(`INSERT INTO offender_na_details (offender_id, ns_offender_id, type_seq, ns_reason_code, ns_type,
			ns_effective_date, ns_expiry_date, authorized_staff, comment_text, create_datetime, create_user_id, modify_user_id,
			audit_module_name)
		VALUES ($1, $2, $3, $4, $5, $6::text::date, $7::text::date, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (offender_id, ns_offender_id, type_seq) DO UPDATE SET ns_reason_code = excluded.ns_reason_code,
			ns_type = excluded.ns_type, ns_effective_date = excluded.ns_effective_date, ns_expiry_date = excluded.ns_expiry_date,
			authorized_staff = excluded.authorized_staff, comment_text = excluded.comment_text,
			modify_datetime = excluded.create_datetime, modify_user_id = excluded.modify_user_id,
			audit_module_name = excluded.audit_module_name`,
		of.of.id, of.about.id, d.Seq, d.Reason, d.Type, d.Effective, d.Expiry, d.AuthorisedBy, d.Comment,
		c.server.options.Now().Format(localTime), d.CreatedBy, d.ModifiedBy, c.by.module)
	c.note(of, d, false)
}

// drop deletes a detail row that is there.
func (c *change) drop(of *side, seq int) {
	c.note(of, *of.at(seq), true)
	kept := of.details[:0:0]
	for _, d := range of.details {
		if d.Seq != seq {
			kept = append(kept, d)
		}
	}
	of.details = kept
	c.batch.Queue(`DELETE FROM offender_na_details WHERE offender_id = $1 AND ns_offender_id = $2 AND type_seq = $3`,
		of.of.id, of.about.id, seq)
}

// putParents writes both parent rows as the real API does. The reason of either prisoner
// is overwritten for all details of the pair, and both rows get the second one's.
func (c *change) putParents(rows *pair, reason, recip string) {
	for i, other := range []string{recip, reason} {
		of := &rows[i]
		p := parent{booking: of.of.booking, nsBooking: of.about.booking}
		if of.parent != nil {
			p = *of.parent
		}
		p.reason, p.recip = recip, &other
		c.putParent(of, p)
	}
}

// putParent writes one parent row.
func (c *change) putParent(of *side, p parent) {
	of.parent = &p
	c.batch.Queue(`INSERT INTO offender_non_associations (offender_id, ns_offender_id, offender_book_id, ns_offender_book_id,
			ns_reason_code, recip_ns_reason_code) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (offender_id, ns_offender_id) DO UPDATE SET ns_reason_code = excluded.ns_reason_code,
			recip_ns_reason_code = excluded.recip_ns_reason_code`,
		of.of.id, of.about.id, p.booking, p.nsBooking, p.reason, p.recip)
}

// dropParents deletes both parent rows when no detail is left below either.
func (c *change) dropParents(rows *pair) {
	if len(rows[0].details)+len(rows[1].details) > 0 {
		return
	}
	rows[0].parent, rows[1].parent = nil, nil
	c.batch.Queue(`DELETE FROM offender_non_associations WHERE (offender_id, ns_offender_id) IN (($1, $2), ($2, $1))`,
		rows[0].of.id, rows[1].of.id)
}
