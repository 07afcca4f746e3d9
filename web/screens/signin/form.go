package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"nonassociations/web/screens/store"
)

// MaxForm is how many bytes of typed fields are kept, as the form encodes them.
const MaxForm = 64 << 10

// KeepForm keeps what was typed into a form that was sent without a session, for the user
// of the ended session that the cookie names. It reports whether it was kept: not when the
// cookie names no session, when the page is none of ours, or when the fields are too long.
func (s *SignIn) KeepForm(ctx context.Context, r *http.Request, fields url.Values) (kept bool, err error) {
	user, err := s.EndedUser(ctx, r)
	if err != nil || user == "" || !isOurs(pageOf(r)) || len(fields.Encode()) > MaxForm {
		return false, err
	}
	err = s.Store.KeepForm(ctx, store.Form{ID: uuid.New(), User: user, Page: pageOf(r), KeptAt: s.Clock(), Fields: fields})
	return err == nil, err
}

// pageOf returns the page of a form, without a query, which says nothing about it.
func pageOf(r *http.Request) string { return r.URL.EscapedPath() }

// EndedUser returns the user of the ended session that a request's cookie names; "" when it
// names none.
func (s *SignIn) EndedUser(ctx context.Context, r *http.Request) (string, error) {
	cookie := secretOf(r, s.cookies.session)
	if cookie == "" {
		return "", nil
	}
	row, err := s.Store.Session(ctx, store.IDOf(cookie))
	switch now := s.Clock(); {
	case errors.Is(err, store.ErrNone):
		return "", nil
	case err != nil:
		return "", err
	case row.EndedAt.IsZero() && !s.isOver(row, now), !row.EndedAt.IsZero() && now.Sub(row.EndedAt) >= s.Lifetime:
		return "", nil
	}
	return row.User, nil
}

// KeptPage returns the page of the newest form that is kept for a user; "" for none.
func (s *SignIn) KeptPage(ctx context.Context, user string) (string, error) {
	page, err := s.Store.KeptPage(ctx, user, s.Clock().Add(-s.KeepFormFor))
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return page, err
}

// KeptForm returns the fields that were kept for the user and the page of a request; nil
// when there are none. They stay, so that a page that never arrived can be asked for again.
func (s *SignIn) KeptForm(ctx context.Context, session Session, r *http.Request) (url.Values, error) {
	form, err := s.Store.Form(ctx, session.UserName, pageOf(r), s.Clock().Add(-s.KeepFormFor))
	if errors.Is(err, store.ErrNone) {
		return nil, nil //nolint:nilnil // nothing is kept
	}
	return form.Fields, err
}

// TakeKeptForm returns the fields that were kept for the user and the page of a request,
// and forgets them; nil when there are none.
func (s *SignIn) TakeKeptForm(ctx context.Context, session Session, r *http.Request) (url.Values, error) {
	form, err := s.Store.TakeForm(ctx, session.UserName, pageOf(r), s.Clock().Add(-s.KeepFormFor))
	if errors.Is(err, store.ErrNone) {
		return nil, nil //nolint:nilnil // nothing is kept
	}
	return form.Fields, err
}

// MoveKeptForm makes another page that of the fields that were kept for the user and the
// page of a request, if there are any: their prisoner has another number by now.
func (s *SignIn) MoveKeptForm(ctx context.Context, session Session, r *http.Request, to string) error {
	form, err := s.Store.Form(ctx, session.UserName, pageOf(r), s.Clock().Add(-s.KeepFormFor))
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	form.ID, form.Page = uuid.New(), to
	if err := s.Store.KeepForm(ctx, form); err != nil {
		return err
	}
	_, err = s.TakeKeptForm(ctx, session, r)
	return err
}
