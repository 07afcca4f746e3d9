package screens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/screens/govuk"
)

// act is a change that an operator may begin from a page. It has two steps: what it would
// do is shown first, and it is done only while that is still the same. An act is made from
// its address alone, so that a repeated Confirm finds what was done although what it was
// done to is gone.
type act struct {
	name    string // in the record of acts, such as "publish parked retry"
	object  string // what it is done to, there and on the page; "" for nothing in particular
	heading string
	back    page // that it begins on
	fields  []actField
	// needs says which field is missing where one depends on another; nil: none does.
	needs    func(ctx context.Context, typed actTyped) (field, fault string, err error)
	subjects []domain.PrisonerNumber
	// plan says what the act would do. It changes nothing.
	plan func(ctx context.Context, typed actTyped) (actPlan, error)
	// do does what the plan says, and returns what was done in one sentence.
	do func(ctx context.Context, typed actTyped, plan actPlan) (string, error)
}

// page is a page of operators that acts lead back to.
type page struct{ path, title string }

// actPlan is what an act would do.
type actPlan struct {
	Lines []string // a sentence each
	// State is all that the lines rest on. A plan with another one is another plan.
	State any

	version int // of the difference that is decided
}

// actTyped is what was typed into the form of an act, by field.
type actTyped map[string]string

// actRefusal says why an act cannot be done, in one sentence for the user.
type actRefusal struct{ why string }

// Error returns the sentence.
func (r actRefusal) Error() string { return r.why }

// actOf makes an act from the path of a request. Errors: a *failure.
type actOf func(ctx context.Context, v *visit) (act, error)

// errOtherPlan means that an act would do something else by now.
var errOtherPlan = fmt.Errorf("%w: the plan is another one by now", evidence.ErrNotBegun)

// actForm shows the form of an act.
func (s *Screens) actForm(of actOf) handler {
	return func(ctx context.Context, v *visit) (answer, error) {
		a, err := of(ctx, v)
		if err != nil {
			return answer{}, err
		}
		kept, err := s.sessions.KeptForm(ctx, *v.session, v.request)
		switch {
		case err != nil:
			return answer{}, unavailable(err)
		case kept == nil:
			return s.actPage(v, a, actDraft{}), nil
		case isOfAnother(v, kept):
			s.forgetKept(ctx, v)
			return s.actOfAnother(v, a), nil
		}
		out := s.actPage(v, a, actDraft{values: kept})
		out.warnings = []govuk.Warning{{Text: signedOutWarning}}
		return out, nil
	}
}

// actOfAnother shows the form as it stands now, with nothing of what another user typed.
func (s *Screens) actOfAnother(v *visit, a act) answer {
	out := s.actPage(v, a, actDraft{})
	if v.request.Method == http.MethodPost {
		out.status = http.StatusConflict
	}
	out.warnings = []govuk.Warning{{Text: anotherUserWarning}}
	return out
}

// actSent answers a form of an act: the first step shows its plan, the second does it.
func (s *Screens) actSent(of actOf) handler {
	return func(ctx context.Context, v *visit) (answer, error) {
		a, err := of(ctx, v)
		if err != nil {
			return answer{}, err
		}
		s.forgetKept(ctx, v)
		switch id := one(v.form, hiddenForm); {
		case id != "" && id != actID:
			return answer{subjects: a.subjects}, anotherForm()
		case isOfAnother(v, v.form):
			return s.actOfAnother(v, a), nil
		}
		draft := actDraft{values: v.form}
		typed, faults, err := draft.check(ctx, a, v.now)
		if err != nil {
			return s.notDone(v, a, draft, err, planAway)
		}
		if len(faults) > 0 {
			draft.faults = faults
			out := s.actPage(v, a, draft)
			out.status, out.errors = http.StatusBadRequest, draft.links(a.allFields())
			return out, nil
		}
		if id := one(v.form, hiddenPlan); id != "" {
			return s.confirm(ctx, v, a, draft, typed, id)
		}
		return s.planned(ctx, v, a, draft, typed)
	}
}

// planAway is what a user reads while a plan cannot be made.
const planAway = "What this will do is not known now, please try again"

// planned answers with the plan of an act.
func (s *Screens) planned(ctx context.Context, v *visit, a act, draft actDraft, typed actTyped) (answer, error) {
	plan, err := a.plan(ctx, typed)
	if err != nil {
		return s.notDone(v, a, draft, err, planAway)
	}
	draft.plan, draft.typed = &plan, typed
	if draft.planID, err = idOfPlan(a, typed, plan); err != nil {
		return answer{}, err
	}
	return s.actPage(v, a, draft), nil
}

// confirm does an act, unless it is done already or would do something else by now.
func (s *Screens) confirm(ctx context.Context, v *visit, a act, draft actDraft, typed actTyped, planID string) (answer, error) {
	key := one(v.form, hiddenKey)
	if _, err := uuid.Parse(key); err != nil {
		key = s.newID().String() // none of ours: the request counts as one of its own
	}
	record := evidence.Action{
		ID: idOfAct(v.session.UserName, a, key, planID), At: v.now, User: v.session.UserName, Action: a.name, Object: a.object,
		Reason: typed[fieldReason], RequestID: v.id.String(),
	}
	done, err := s.operators.Acts.Once(ctx, record, func(ctx context.Context) (string, error) {
		plan, err := a.plan(ctx, typed)
		if err != nil {
			return "", fmt.Errorf("%w: %w", evidence.ErrNotBegun, err)
		}
		if now, err := idOfPlan(a, typed, plan); err != nil || now != planID {
			return "", errors.Join(errOtherPlan, err)
		}
		sentence, err := a.do(ctx, typed, plan)
		if errors.As(err, new(actRefusal)) {
			err = fmt.Errorf("%w: %w", evidence.ErrRefused, err)
		}
		return sentence, err
	})
	switch {
	case errors.Is(err, errOtherPlan):
		out, err := s.planned(ctx, v, a, draft, typed)
		if err == nil && out.status == 0 {
			out.status = http.StatusConflict
			out.warnings = []govuk.Warning{{Text: "This would do something else by now. Nothing was changed."}}
		}
		return out, err
	case err != nil:
		return s.notDone(v, a, draft, err, "It is not known to be done, please try again")
	}
	return answer{redirect: a.back.path + "?done=" + done.ID.String()}, nil
}

// notDone answers an act that a rule refuses, or that a backend did not let pass, with the
// form as it was typed.
func (s *Screens) notDone(v *visit, a act, draft actDraft, err error, passing string) (answer, error) {
	out := s.actPage(v, a, draft)
	var refused actRefusal
	var f *failure
	var notNow *nomis.NotNowError
	if errors.As(err, &notNow) {
		passing = notNow.Why
	}
	switch {
	case errors.As(err, &refused):
		out.status, out.warnings = http.StatusConflict, []govuk.Warning{{Text: refused.why}}
		return out, nil
	case errors.As(err, &f) && f.status == http.StatusNotFound:
		return answer{subjects: a.subjects}, f
	}
	s.logger.Warn("act of an operator not done", "requestId", v.id, "act", a.name, "error", err)
	out.status, out.warnings = http.StatusServiceUnavailable, []govuk.Warning{{Text: passing}}
	return out, nil
}

// idOfPlan returns a hash of what an act would do, with what was typed.
func idOfPlan(a act, typed actTyped, plan actPlan) (string, error) {
	text, err := json.Marshal([]any{a.name, a.object, typed, plan.Lines, plan.State}, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("tell a plan from another: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// idOfAct returns the id of an act: the same form that confirms the same plan is one act.
func idOfAct(user string, a act, key, planID string) uuid.UUID {
	sum := sha256.Sum256([]byte(user + "\x00" + a.name + "\x00" + a.object + "\x00" + key + "\x00" + planID))
	return uuid.NewSHA1(uuid.NameSpaceOID, sum[:])
}

// done returns the sentence of the act that led to a page: the last one of this user, by
// its id in the address. Its words come from the record of acts, never from the address.
func (s *Screens) done(ctx context.Context, v *visit) string {
	id, err := uuid.Parse(v.request.URL.Query().Get("done"))
	if err != nil || s.operators.Acts == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, doneTime)
	defer cancel()
	last, _, err := s.operators.Acts.Actions(ctx, evidence.Filter{User: v.session.UserName, Size: 1})
	if err != nil || len(last) == 0 || last[0].ID != id {
		return "" // the page says all the same how things are
	}
	return last[0].Done
}

// doneTime bounds how long a page waits for the sentence of what was done.
const doneTime = time.Second
