package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/auth"
)

// scopeWrite is the scope that a staff write needs beside its role.
const scopeWrite = "write"

// staff is the middleware of staff writes: the token needs the role and the scope
// write.
func (a *API) staff(w staffWrite, role string) http.HandlerFunc {
	return a.authenticated(func(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
		if !by.HasScope(scopeWrite) {
			return response{}, withoutScope()
		}
		out, err := a.write(ctx, r, by, w)
		// A 304 would be wrong for a write, whatever entity tag the request names.
		out.written = true
		return out, err
	}, role)
}

// staffWrite is what differs between the staff writes.
type staffWrite struct {
	id     string // the parameter of the path that is one, "" when there is none
	decode func(body *bytes.Buffer, london *time.Location, act *commands.StaffCommand) error
	status int
	silent bool // answers without a body
}

var (
	opens   = staffWrite{decode: decodeOpen, status: http.StatusCreated}
	amends  = staffWrite{id: "reference", decode: decodeAmend, status: http.StatusOK}
	closes  = staffWrite{id: "id", decode: decodeClose, status: http.StatusOK}
	reopens = staffWrite{id: "id", decode: decodeReopen, status: http.StatusOK}
	deletes = staffWrite{id: "id", decode: decodeDelete, status: http.StatusNoContent, silent: true}
)

// write runs a staff write. Everything malformed is refused before the idempotency
// key is reserved.
func (a *API) write(ctx context.Context, r *http.Request, by auth.Claims, w staffWrite) (response, error) {
	act, err := w.read(r, by, a.clock().Location())
	if err != nil {
		return response{}, err
	}
	act.Staff = staffOf(by)
	cause := a.cause(r, by, domain.DPS)
	// The first prisoner of the request is recorded with the cause: the pair itself is
	// ordered by number and no longer knows which came first.
	if open, is := act.Command.(domain.Open); is {
		cause.About = open.FirstPrisoner
	}
	receipt, err := a.commands.Staff(ctx, cause, act)
	if err != nil {
		return response{}, a.refusedWrite(err)
	}
	out := response{status: w.status, position: formatPosition(receipt.Position.Uint64())}
	// After a deletion there is no body, but the entity tag of the last fact still lets
	// a client recognise its own deletion in the log.
	if w.silent {
		out.etag = etagOfOne(receipt.NonAssociation.LastEventID, nil)
		return out, nil
	}
	out.body, out.etag, err = render(receipt.Pair, receipt.NonAssociation, receipt.At.In(a.clock().Location()))
	return out, err
}

// staffOf returns whom a write is judged by; nil for the token of a system, which has no
// caseloads. The role that the call itself needs stands for NON_ASSOCIATIONS.
func staffOf(by auth.Claims) *domain.Staff {
	if by.Caseloads == nil {
		return nil
	}
	// The claims are shared between requests, so their roles are copied.
	return &domain.Staff{Roles: append(slices.Clone(by.Roles), domain.RoleNonAssociations), Caseloads: by.Caseloads}
}

// read parses the whole request into a command.
func (w staffWrite) read(r *http.Request, by auth.Claims, london *time.Location) (commands.StaffCommand, error) {
	var act commands.StaffCommand
	var err error
	if w.id != "" {
		if act.ID, err = pathID(r, w.id); err != nil {
			return act, err
		}
	}
	if act.IfMatch, err = ifMatch(r.Header); err != nil {
		return act, err
	}
	body, err := readJSON(r)
	if err != nil {
		return act, err
	}
	// The key is bound to the body as it was sent, before it is decoded: the same
	// values in another spelling are another request.
	if act.Key, err = keyOf(r, by, body.Bytes()); err != nil {
		return act, err
	}
	return act, w.decode(body, london, &act)
}

// refusedWrite adds the current entity tag to the refusal of a stale write.
func (a *API) refusedWrite(err error) error {
	var refusal domain.Refusal
	if !errors.As(err, &refusal) || refusal.Code != domain.CodeStale || refusal.Current == nil {
		return err
	}
	p := refused(refusal)
	// The current tag is in the 412, so that a client can show the current version
	// without another read.
	_, p.etag, err = render(pairOf(*refusal.Current), *refusal.Current, a.clock())
	if err != nil {
		return err
	}
	return p
}

// pairOf returns the pair of a non-association, which its sides name.
func pairOf(n domain.NonAssociation) domain.Pair {
	var numbers []domain.PrisonerNumber
	for number := range n.Sides {
		numbers = append(numbers, number)
	}
	pair, err := domain.NewPair(numbers[0], numbers[1])
	if err != nil {
		panic("a non-association of one prisoner: " + err.Error()) // a bug: the keys of a map differ
	}
	return pair
}
