package nomisapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// fromTo is the body of a merge and of a booking move.
type fromTo struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// parseFromTo reads it.
func parseFromTo(body string) (fromTo, error) {
	var b fromTo
	if err := json.Unmarshal([]byte(body), &b); err != nil || b.From == "" || b.To == "" {
		return b, badRequest("the body must have from and to")
	}
	if b.From == b.To {
		return b, badRequest("from and to cannot be the same")
	}
	return b, nil
}

// errMovedOn means that a prisoner got another pair before the locks were held.
var errMovedOn = errors.New("the pairs of the prisoner have changed")

// changeAll is change for a prisoner with everyone whom a condition on the parent rows
// pairs them with; do gets the others' numbers. numbers are locked too.
func (s *Server) changeAll(ctx context.Context, by author, silent bool, of string, numbers []string, do func(*change, []string) error) error {
	for {
		before, err := others(ctx, s.db, of)
		if err != nil {
			return err
		}
		all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(numbers, []string{of}, before))))
		err = s.change(ctx, by, silent, all, func(c *change) error {
			now, err := others(ctx, c.tx, of)
			if err == nil && !slices.Equal(now, before) {
				err = errMovedOn
			}
			if err != nil {
				return err
			}
			return do(c, now)
		})
		if !errors.Is(err, errMovedOn) {
			return err
		}
	}
}

// others returns the numbers that a prisoner has a pair with.
func others(ctx context.Context, db querier, of string) ([]string, error) {
	pairs, err := pairsOf(ctx, db, `p.offender_id = $1`, offenderID(of))
	numbers := make([]string, len(pairs))
	for i, p := range pairs {
		numbers[i] = p.OffenderNo2
	}
	return numbers, err
}

// known refuses prisoners whom NOMIS does not have.
func (c *change) known(numbers ...string) error {
	for _, no := range numbers {
		if !c.who[no].known {
			return notFound("Offender with nomsId=%s not found", no)
		}
	}
	return nil
}

// move renumbers the rows of a pair from one prisoner to another, as NOMIS does. They
// come after what the other prisoner has with the same third one, which may leave two
// open. A pair of the two themselves goes.
func (c *change) move(ctx context.Context, b fromTo, third string) error {
	old, err := c.load(ctx, b.From, third)
	if err != nil {
		return err
	}
	was := *old
	c.dropAll(old)
	if third == b.To {
		return nil
	}
	there, err := c.load(ctx, b.To, third)
	if err != nil {
		return err
	}
	first := max(there[0].next(), there[1].next())
	renumber := there[0].parent != nil || there[1].parent != nil
	var seqs []int
	for _, d := range slices.Concat(was[0].details, was[1].details) {
		seqs = append(seqs, d.Seq)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	for i := range there {
		if there[i].parent == nil && was[i].parent != nil {
			c.putParent(&there[i], *was[i].parent)
		}
		for _, d := range was[i].details {
			if renumber {
				d.Seq = first + slices.Index(seqs, d.Seq)
			}
			c.put(&there[i], d)
		}
	}
	return nil
}

// dropAll deletes all rows of a pair.
func (c *change) dropAll(rows *pair) {
	for i := range rows {
		for _, d := range slices.Clone(rows[i].details) {
			c.drop(&rows[i], d.Seq)
		}
	}
	c.dropParents(rows)
}

// staffMerge is POST /staff/merges: two numbers turn out to be one prisoner.
func (s *Server) staffMerge(r *http.Request, c *call) (answer, error) {
	b, err := parseFromTo(c.Body)
	if err != nil {
		return answer{}, err
	}
	ctx, at, pairs := r.Context(), s.options.Now(), 0
	var active int64
	err = s.changeAll(ctx, author{byStaff.user, "MERGE"}, isSilent(r), b.From, []string{b.To}, func(w *change, others []string) error {
		if err := w.known(b.From, b.To); err != nil {
			return err
		}
		for _, third := range others {
			if err := w.move(ctx, b, third); err != nil {
				return err
			}
		}
		from, to := w.who[b.From], w.who[b.To]
		pairs, active = len(others), to.booking
		if active == 0 {
			active = from.booking
		}
		w.batch.Queue(`UPDATE offenders SET merged_into = $2 WHERE offender_id = $1`, from.id, b.To)
		// The survivor's own booking goes on counting.
		w.batch.Queue(`UPDATE offender_bookings SET offender_id = $2, received_at = '1999-01-01' WHERE offender_id = $1`, from.id, to.id)
		w.batch.Queue(`INSERT INTO merge_transactions (deleted_offender, retained_offender, previous_booking_id, active_booking_id,
			request_datetime) VALUES ($1, $2, $3, $4, $5)`, b.From, b.To, from.booking, active, at.Format(localTime))
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if !isSilent(r) {
		send(s.options.Merges, mergedMessage(b, active, at))
	}
	return ok(map[string]int{"pairs": pairs}), nil
}
