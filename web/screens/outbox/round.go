package outbox

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/web/screens/store"
)

// parcel is one message with the view that it is of.
type parcel struct {
	view uuid.UUID
	body string
}

// round is what becomes of the views of one claim.
type round struct {
	views   []store.UnsentView
	parcels []parcel
	waiting map[uuid.UUID]int // messages of a view that the queue has not taken
	refused map[uuid.UUID]int // views that cannot be sent now, with their attempts
	codes   []string          // why
}

// newRound writes the messages of views. One of which they cannot be written is refused.
func newRound(views []store.UnsentView) *round {
	r := &round{views: views, waiting: map[uuid.UUID]int{}, refused: map[uuid.UUID]int{}}
	for _, v := range views {
		bodies, err := messagesOf(v.View)
		if err != nil {
			r.refuse(v.ID, "no message")
			continue
		}
		r.waiting[v.ID] = len(bodies)
		for _, body := range bodies {
			r.parcels = append(r.parcels, parcel{v.ID, body})
		}
	}
	return r
}

// refuse records that a view cannot be sent now.
func (r *round) refuse(id uuid.UUID, code string) {
	for _, v := range r.views {
		if v.ID == id {
			r.refused[id] = v.Attempts
		}
	}
	r.codes = append(r.codes, code)
}

// send sends all messages in batches, until ctx ends or a call fails. What is not sent then
// is left to the next sender. A call goes on for as long as work does.
func (r *round) send(ctx, work context.Context, queue *Queue) error {
	for _, batch := range batches(r.parcels) {
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		if err := r.sendBatch(work, queue, batch); err != nil {
			return err
		}
	}
	return nil
}

// sendBatch sends one batch, and records what the queue has taken and what it refused.
func (r *round) sendBatch(ctx context.Context, queue *Queue, batch []parcel) error {
	bodies := make([]string, len(batch))
	for i, p := range batch {
		bodies[i] = p.body
	}
	refused, err := queue.send(ctx, bodies)
	if err != nil {
		return err
	}
	for i, p := range batch {
		if code, is := refused[i]; is {
			r.refuse(p.view, code)
			continue
		}
		r.waiting[p.view]--
	}
	return nil
}

// outcome returns the views of which the queue has every message, and those that are to be
// tried again at once.
func (r *round) outcome() (sent, untried []uuid.UUID) {
	for _, v := range r.views {
		_, refused := r.refused[v.ID]
		switch {
		case refused:
		case r.waiting[v.ID] == 0:
			sent = append(sent, v.ID)
		default:
			untried = append(untried, v.ID)
		}
	}
	return sent, untried
}

// batches divides messages into calls. A message that is alone larger than a call may be
// gets a call of its own, which the queue refuses.
func batches(all []parcel) [][]parcel {
	var out [][]parcel
	size := 0
	for _, p := range all {
		last := len(out) - 1
		if last < 0 || len(out[last]) == maxEntries || size+len(p.body) > maxBytes {
			out, size = append(out, nil), 0
			last++
		}
		out[last], size = append(out[last], p), size+len(p.body)
	}
	return out
}
