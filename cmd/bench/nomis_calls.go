package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"nonassociations/domain"
	"nonassociations/web/client"
)

// byStaff returns how staff write by the API of the service. The time counts from the
// acknowledgement.
func (s *harness) byStaff() func(context.Context, *record, string) (record, time.Time, error) {
	c := client.New(client.Options{BaseURL: "http://" + s.address, Token: client.StaticToken(s.token)})
	return func(ctx context.Context, of *record, comment string) (record, time.Time, error) {
		if of != nil {
			got, err := c.Amend(ctx, of.id, client.Write{}, client.Amendment{Comment: &comment})
			s.written(got.Position)
			return *of, time.Now(), err
		}
		one, other := s.newPair()
		got, err := c.Open(ctx, client.Write{}, client.NewNonAssociation{
			FirstPrisonerNumber: domain.PrisonerNumber(one), FirstPrisonerRole: domain.Victim,
			SecondPrisonerNumber: domain.PrisonerNumber(other), SecondPrisonerRole: domain.Perpetrator,
			Reason: domain.Threat, RestrictionType: domain.Wing, Comment: comment,
		})
		s.written(got.Position)
		return record{one, other, got.Body.ID.String()}, time.Now(), err
	}
}

// bareCalls calls the API of NOMIS with nothing around it.
type bareCalls struct {
	*harness

	token string
	wire  *httpConn
	read  request
}

// newBareCalls opens the connection, which the caller closes.
func (s *harness) newBareCalls(ctx context.Context, n *nomis) (*bareCalls, error) {
	wire, err := dial(ctx, n.address)
	return &bareCalls{s, n.token, wire, mirrorRequest(n.token)}, err
}

func (b *bareCalls) close() error {
	b.wire.close()
	return nil
}

// mirrorRequest is the template of a read of one mirror.
func mirrorRequest(token string) request {
	return newRequest(http.MethodGet, "/non-associations/offender/"+placeholder+"/ns-offender/"+placeholder+"/all", token, nil)
}

// readMirrors reads both mirrors of a pair, one after the other, and returns how many
// calls that took. NOMIS answers 404 for a pair that it has nothing of.
func readMirrors(wire *httpConn, r request, one, other string) (int, error) {
	for _, of := range [][2]string{{one, other}, {other, one}} {
		r.fill(0, of[0])
		r.fill(1, of[1])
		got, err := wire.do(r.bytes)
		if err != nil {
			return 0, err
		}
		if got.status != http.StatusOK && got.status != http.StatusNotFound {
			return 0, fmt.Errorf("NOMIS answers %d to a read", got.status)
		}
	}
	return 2, nil
}

func (b *bareCalls) readBoth(of record) error {
	_, err := readMirrors(b.wire, b.read, of.one, of.other)
	return err
}

// write reads both mirrors and then writes, as a turn does. The time counts from its
// begin.
func (b *bareCalls) write(_ context.Context, of *record, comment string) (record, time.Time, error) {
	method, path, status := http.MethodPut, "/non-associations", http.StatusOK
	var to record
	if of == nil {
		method, status = http.MethodPost, http.StatusCreated
		to.one, to.other = b.newPair()
	} else {
		to = *of
		path += "/offender/" + to.one + "/ns-offender/" + to.other + "/sequence/1"
	}
	body, err := json.Marshal(map[string]string{
		"offenderNo": to.one, "nsOffenderNo": to.other, "reason": "VIC", "recipReason": "PER", "type": "WING",
		"effectiveDate": "2021-07-05", "authorisedBy": authorisedBy, "comment": comment,
	})
	if err != nil {
		return to, time.Time{}, err
	}
	writing, began := newRequest(method, path, b.token, body), time.Now()
	if err := b.readBoth(to); err != nil {
		return to, began, err
	}
	got, err := b.wire.do(writing.bytes)
	if err == nil && got.status != status {
		err = fmt.Errorf("NOMIS answers %d to %s", got.status, method)
	}
	return to, began, err
}
