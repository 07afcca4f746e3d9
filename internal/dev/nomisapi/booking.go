package nomisapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// staffMove is POST /staff/booking-moves: a booking was another prisoner's. The rows that
// were recorded under it go with it.
func (s *Server) staffMove(r *http.Request, c *call) (answer, error) {
	b, err := parseFromTo(c.Body)
	if err != nil {
		return answer{}, err
	}
	ctx, at, pairs := r.Context(), s.options.Now(), 0
	var booking int64
	var begun time.Time
	err = s.changeAll(ctx, author{byStaff.user, "BOOKING_MOVE"}, isSilent(r), b.From, []string{b.To}, func(w *change, others []string) error {
		if err := w.known(b.From, b.To); err != nil {
			return err
		}
		if booking = w.who[b.From].booking; booking == 0 {
			return notFound("Offender with nomsId=%s has no bookings", b.From)
		}
		for _, third := range others {
			rows, err := w.load(ctx, b.From, third)
			if err != nil {
				return err
			}
			if rows[0].parent != nil && rows[0].parent.booking == booking {
				pairs++
				if err := w.move(ctx, b, third); err != nil {
					return err
				}
			}
		}
		w.batch.Queue(`UPDATE offender_bookings SET offender_id = $2, received_at = $3 WHERE offender_book_id = $1
			RETURNING booking_begin_date`, booking, w.who[b.To].id, at.Format(localTime)).QueryRow(
			func(row pgx.Row) error { return row.Scan(&begun) })
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if !isSilent(r) {
		send(s.options.Merges, movedMessage(b, booking, begun, at))
	}
	return ok(movedBooking{booking, &pairs}), nil
}

// staffDeleteBooking is DELETE /staff/bookings/{no}, of the booking that counts of a
// prisoner number. The rows that were recorded under it go with it.
func (s *Server) staffDeleteBooking(r *http.Request, _ *call) (answer, error) {
	ctx, no := r.Context(), r.PathValue("no")
	var booking int64
	err := s.changeAll(ctx, byStaff, isSilent(r), no, nil, func(w *change, others []string) error {
		if err := w.known(no); err != nil {
			return err
		}
		if booking = w.who[no].booking; booking == 0 {
			return notFound("Offender with nomsId=%s has no bookings", no)
		}
		for _, third := range others {
			rows, err := w.load(ctx, no, third)
			if err != nil {
				return err
			}
			if rows[0].parent != nil && rows[0].parent.booking == booking {
				w.dropAll(rows)
			}
		}
		w.batch.Queue(`DELETE FROM offender_bookings WHERE offender_book_id = $1`, booking)
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if !isSilent(r) {
		send(s.options.Merges, bookingDeletedMessage(no, booking, s.options.Now()))
	}
	return ok(movedBooking{BookingID: booking}), nil
}

// domainEvent is an event about a prisoner, as Prison Offender Events tells it.
type domainEvent struct {
	EventType   string `json:"eventType"`
	Version     int    `json:"version"`
	Description string `json:"description"`
	OccurredAt  string `json:"occurredAt"`
	PublishedAt string `json:"publishedAt"`
	Person      person `json:"personReference"`
	Information any    `json:"additionalInformation"`
}

type person struct {
	Identifiers []identifier `json:"identifiers"`
}

type identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// prisonerMessage returns an event about a prisoner in its envelope.
func prisonerMessage(kind, what, about string, at time.Time, information any) string {
	kind = "prison-offender-events.prisoner." + kind
	return envelope(kind, domainEvent{
		EventType: kind, Version: 1, Description: what, OccurredAt: at.Format(time.RFC3339), PublishedAt: at.Format(time.RFC3339),
		Person:      person{[]identifier{{"NOMS", about}}},
		Information: information,
	}, at)
}

// movedBooking is a booking that something was done to, and how many pairs went along.
type movedBooking struct {
	BookingID int64 `json:"bookingId"`
	Pairs     *int  `json:"pairs,omitempty"`
}

type mergeInformation struct {
	BookingID  string `json:"bookingId"` // a text here, and a number in the others
	NomsNumber string `json:"nomsNumber"`
	Removed    string `json:"removedNomsNumber"`
	Reason     string `json:"reason"`
}

type moveInformation struct {
	BookingID int64  `json:"bookingId"`
	From      string `json:"movedFromNomsNumber"`
	To        string `json:"movedToNomsNumber"`
	Begun     string `json:"bookingStartDateTime"`
}

func mergedMessage(b fromTo, booking int64, at time.Time) string {
	return prisonerMessage("merged", "A prisoner has been merged from "+b.From+" to "+b.To, b.To, at, mergeInformation{
		strconv.FormatInt(booking, 10), b.To, b.From, "MERGE",
	})
}

func movedMessage(b fromTo, booking int64, begun, at time.Time) string {
	return prisonerMessage("booking.moved", "a NOMIS booking has moved between prisoners", b.To, at, moveInformation{
		booking, b.From, b.To, begun.Format(localTime),
	})
}

func bookingDeletedMessage(no string, booking int64, at time.Time) string {
	return prisonerMessage("booking.deleted", "a NOMIS booking has been deleted", no, at, movedBooking{BookingID: booking})
}

// merge is a merge as the API gives it.
type merge struct {
	Deleted         string `json:"deletedOffenderNo"`
	Retained        string `json:"retainedOffenderNo"`
	ActiveBooking   int64  `json:"activeBookingId"`
	PreviousBooking int64  `json:"previousBookingId"`
	Requested       string `json:"requestDateTime"`
}

// merges is GET /prisoners/{no}/merges?fromDate=: those in which a prisoner was removed
// or survived, from a day on.
func (s *Server) merges(r *http.Request, _ *call) (answer, error) {
	var from *string
	if asked := r.URL.Query().Get("fromDate"); asked != "" {
		if _, err := time.Parse(time.DateOnly, asked); err != nil {
			return answer{}, badRequest("fromDate is not a date of the form yyyy-MM-dd")
		}
		from = &asked
	}
	rows, err := s.db.Query(r.Context(), `SELECT deleted_offender, retained_offender, active_booking_id, previous_booking_id,
			to_char(request_datetime, 'YYYY-MM-DD"T"HH24:MI:SS')
		FROM merge_transactions WHERE $1 IN (deleted_offender, retained_offender)
			AND ($2::text::date IS NULL OR request_datetime >= $2::text::date) ORDER BY merge_transaction_id`, r.PathValue("no"), from)
	if err != nil {
		return answer{}, err
	}
	found, err := pgx.AppendRows([]merge{}, rows, pgx.RowToStructByPos[merge])
	return answer{status: http.StatusOK, body: found}, err
}
