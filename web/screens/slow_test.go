package screens_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// hanging is a log that answers nothing before the caller gives up, while it is told to.
type hanging struct {
	screens.Commands

	hangs atomic.Bool
	asked atomic.Int64 // for the switch-over
}

// wait returns when the caller gives up.
func (h *hanging) wait(ctx context.Context) error {
	if !h.hangs.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h *hanging) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	if err := h.wait(ctx); err != nil {
		return commands.Receipt{}, err
	}
	return h.Commands.Staff(ctx, by, act)
}

func (h *hanging) CachedSwitchOver(ctx context.Context) (domain.SwitchOver, error) {
	h.asked.Add(1)
	if err := h.wait(ctx); err != nil {
		return domain.SwitchOver{}, err
	}
	return h.Commands.CachedSwitchOver(ctx)
}

// TestAnswer_isThereWhateverTakesLong: the log answers nothing until the time of the
// request is over. What was typed is shown again all the same, and the view is recorded.
func TestAnswer_isThereWhateverTakesLong(t *testing.T) {
	t.Parallel()
	log := &hanging{}
	h := newHouse(t, func(o *screens.Options) {
		log.Commands, o.Commands = o.Commands, log
		head := o.Head
		o.Head = func(ctx context.Context) (uint64, error) {
			if err := log.wait(ctx); err != nil {
				return 0, err
			}
			return head(ctx)
		}
		o.Timeout = 4 * time.Second
	})
	id := h.open(adam, merlin)
	h.settle()
	b := h.signIn("MANAGER_A")
	sent := b.get(pathTo("update", id)).form("main form", filled["update"])
	views := len(h.views(store.ViewFilter{Prisoner: merlin}))
	log.hangs.Store(true)
	h.pass(time.Minute) // no head is known
	p := b.post(pathTo("update", id), sent)
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Equal(t, "Non-association could not be updated, please try again", p.text("#warning p"))
	require.Equal(t, sent, p.form("main form", nil))
	require.Len(t, h.views(store.ViewFilter{Prisoner: merlin}), views+1)
	asked := log.asked.Load()
	require.Equal(t, http.StatusOK, b.get(adamsList).Code)
	require.Equal(t, asked, log.asked.Load(), "not every page waits for it")
	log.hangs.Store(false)
	b.post(pathTo("update", id), p.form("main form", nil)).savedAs("updated")
	h.pass(2 * time.Second)
	b.get(adamsList)
	require.Greater(t, log.asked.Load(), asked, "it is asked again")
}

// TestForm_whileSessionsCannotBeRead cannot be shown again, since nobody knows for whom:
// the page says how what was typed is sent again.
func TestForm_whileSessionsCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b, facts := h.signIn("OFFICER_A"), h.facts()
	sent := b.get(addPath).form("main form", details())
	h.store.Close()
	p := b.post(addPath, sent)
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("main"), "Load this page again to send what you typed again. It is saved once.")
	require.NotContains(t, b.get(addPath).text("main"), "again to send")
	require.Equal(t, facts, h.facts())
}
