package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

func TestDelete_byNOMIS(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID

	w := h.call(http.MethodDelete, "/sync/"+id, syncer, "")
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, strconv.FormatUint(h.reads.Position(), 10), w.Header().Get("X-Position"))
	require.JSONEq(t, `{"prisonerNumber":"A0135GA","nonAssociations":[]}`, h.list("A0135GA"))
	require.Equal(t, 2, h.facts())

	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, "/sync/"+id, syncer, "").Code)
	require.Equal(t, 2, h.facts(), "no second event")

	again := toldIn(t, h.sync(extra(`"id":"`+id+`"`)))
	require.Equal(t, "IGNORED/DELETED", kinds(again))
	require.Equal(t, id, again.Results[0].NonAssociationID)
}

func TestDelete_ofWhatWasNeverSeen(t *testing.T) {
	h := newTestServer(t)
	w := h.call(http.MethodDelete, "/sync/"+anID, syncer, "")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, 404, errorIn(t, w).code())
	for _, id := range []string{"7", "x", "{" + anID + "}", anID + "x", "A9109UD"} {
		w := h.call(http.MethodDelete, "/sync/"+id, syncer, "")
		require.Equal(t, http.StatusBadRequest, w.Code, id)
		require.Equal(t, []string{"id"}, errorIn(t, w).sources())
	}
	require.Zero(t, h.facts())
}

func TestDelete_beforeTheReadModelHasCaughtUp(t *testing.T) {
	h := newTestServer(t)
	h.reads.err = queries.ErrNotCaughtUp
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodDelete, "/sync/"+anID, syncer, "").Code)
}

// failing commands answer with one error.
type failing struct{ err error }

func (f failing) Sync(context.Context, domain.Cause, []commands.PairSync) (commands.SyncResult, error) {
	return commands.SyncResult{}, f.err
}

func (f failing) ExecuteByID(context.Context, domain.Cause, uuid.UUID, domain.Command) (commands.Receipt, error) {
	return commands.Receipt{}, f.err
}

func (f failing) Staff(context.Context, domain.Cause, commands.StaffCommand) (commands.Receipt, error) {
	return commands.Receipt{}, f.err
}

func (f failing) ChangeSwitchOver(context.Context, domain.Cause, domain.SwitchOverCommand) (commands.SwitchOverReceipt, error) {
	return commands.SwitchOverReceipt{}, f.err
}

func (f failing) SwitchOver(context.Context) (domain.SwitchOver, error) {
	return domain.SwitchOver{}, f.err
}

func (f failing) CachedSwitchOver(context.Context) (domain.SwitchOver, error) {
	return domain.SwitchOver{}, f.err
}

// hurried keeps the time that a command is given.
type hurried struct {
	failing
	left time.Duration
}

func (h *hurried) Sync(ctx context.Context, _ domain.Cause, _ []commands.PairSync) (commands.SyncResult, error) {
	deadline, _ := ctx.Deadline()
	h.left = time.Until(deadline)
	return commands.SyncResult{}, commands.ErrBusy
}

func TestRequest_isAnsweredWithinTenSeconds(t *testing.T) {
	slow := &hurried{}
	h := newTestServer(t, func(o *api.Options) { o.Commands = slow })
	require.Equal(t, http.StatusServiceUnavailable, h.sync(request(item("A0135GA", "2021-07-05T10:35:17", ""))).Code)
	require.Positive(t, slow.left)
	require.LessOrEqual(t, slow.left, 9500*time.Millisecond)
}

func TestErrors_ofTheRecord(t *testing.T) {
	for name, c := range map[string]struct {
		err          error
		status, code int
	}{
		"busy":           {fmt.Errorf("append: %w", commands.ErrBusy), 503, 0},
		"time is over":   {fmt.Errorf("append: %w", context.DeadlineExceeded), 503, 0},
		"shutting down":  {fmt.Errorf("append: %w", context.Canceled), 503, 0},
		"refused":        {domain.Refusal{Code: domain.CodeInvalid, Field: "items", Message: "must be fewer"}, 400, 102},
		"a bug or fault": {errors.New("append nonAssociation-A0135GA_A9109UD: disk of Jane Doe"), 500, 0},
	} {
		h := newTestServer(t, func(o *api.Options) { o.Commands = failing{c.err} })
		w := h.sync(record)
		require.Equal(t, c.status, w.Code, name)
		require.Equal(t, c.code, errorIn(t, w).code(), name)
		require.NotContains(t, w.Body.String(), "Jane")
		require.Equal(t, c.status == 503, w.Header().Get("Retry-After") != "", name)
	}
}
