package screens_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/web/screens"
)

const (
	addPath  = "/prisoner/A9109UD/non-associations/add/with-prisoner/D5678EF"
	listPath = "/prisoner/A9109UD/non-associations"
)

// details are the fields of an add or update form that was filled without a fault.
func details() url.Values {
	return url.Values{
		"reason": {"GANG_RELATED"}, "prisonerRole": {"VICTIM"}, "otherPrisonerRole": {"PERPETRATOR"}, "restrictionType": {"LANDING"},
		"comment": {"They fight"},
	}
}

// filled are the fields of each form, filled without a fault.
var filled = map[string]url.Values{
	"add": details(), "update": details(),
	"close":  {"closedReason": {"It is over"}},
	"reopen": {"reopenReason": {"It began again"}},
	"delete": {"deletionReason": {"A mistake"}, "staffUserNameRequestingDeletion": {"BOSS"}},
}

// with returns a copy of fields with one changed.
func with(fields url.Values, name string, values ...string) url.Values {
	changed := url.Values{}
	maps.Copy(changed, fields)
	changed[name] = values
	return changed
}

// pathTo returns the address of a form of adam's record, and of his add form with merlin.
func pathTo(form string, id uuid.UUID) string {
	if form == "add" {
		return addPath
	}
	return listPath + "/" + id.String() + "/" + form
}

// submit opens a form and sends it with these fields.
func (b *browser) submit(path string, fields url.Values) *page {
	b.t.Helper()
	p := b.get(path)
	require.Equal(b.t, http.StatusOK, p.Code, p.Text)
	return b.post(path, p.form("main form", fields))
}

// settle waits until the read model shows everything.
func (h *house) settle() {
	h.t.Helper()
	head, err := h.commands.Head(h.t.Context())
	require.NoError(h.t, err)
	h.reflects(head.Uint64())
}

// record returns a record from the read model.
func (h *house) record(id uuid.UUID) domain.NonAssociation {
	h.t.Helper()
	h.settle()
	found, err := h.reads.One(h.t.Context(), id, 0)
	require.NoError(h.t, err)
	require.Len(h.t, found.Records, 1)
	return found.Records[0].NonAssociation
}

// close closes a record of adam and merlin.
func (h *house) close(id uuid.UUID, user string) {
	h.t.Helper()
	h.execute(adam, merlin, user, domain.Close{ID: id, ClosedReason: "It is over"})
}

// savedAs checks where a save led, and returns the record's id.
func (p *page) savedAs(did string) uuid.UUID {
	p.t.Helper()
	require.Equal(p.t, http.StatusSeeOther, p.Code, p.Text)
	to, err := url.Parse(p.location())
	require.NoError(p.t, err)
	require.Equal(p.t, did, to.Query().Get("saved"))
	require.NotEmpty(p.t, to.Query().Get("atLeast"))
	_, err = uuid.Parse(to.Query().Get("fact"))
	require.NoError(p.t, err)
	if did == "deleted" {
		require.Equal(p.t, listPath, to.Path)
		return uuid.Nil
	}
	id, err := uuid.Parse(strings.TrimPrefix(to.Path, listPath+"/"))
	require.NoError(p.t, err)
	return id
}

// texts returns the words of each element that a selector finds.
func (p *page) texts(selector string) []string {
	var all []string
	p.Find(selector).Each(func(_ int, one *goquery.Selection) {
		all = append(all, strings.Join(strings.Fields(one.Text()), " "))
	})
	return all
}

// failingCommands fail while they are told to, before or after the command ran.
type failingCommands struct {
	screens.Commands

	before, after atomic.Bool
	ids           atomic.Pointer[domain.Cause]
}

var errAway = errors.New("the log is away")

func (f *failingCommands) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	f.ids.Store(&by)
	if f.before.Load() {
		return commands.Receipt{}, errors.Join(commands.ErrBusy, errAway)
	}
	receipt, err := f.Commands.Staff(ctx, by, act)
	if f.after.Load() {
		return commands.Receipt{}, errors.Join(commands.ErrBusy, errAway)
	}
	return receipt, err
}

// newFailingHouse builds a house whose commands can fail.
func newFailingHouse(t *testing.T) (*house, *failingCommands) {
	t.Helper()
	failing := &failingCommands{}
	return newHouse(t, func(o *screens.Options) {
		failing.Commands = o.Commands
		o.Commands = failing
	}), failing
}

// sameBut returns an address without its position: a repeat may be answered with a later
// one.
func sameBut(address string) string {
	before, _, _ := strings.Cut(address, "&atLeast=")
	return before
}

// lastFact returns the data of the last fact.
func (h *house) lastFact() string {
	h.t.Helper()
	all, err := h.log.ReadAll(h.t.Context(), eventstore.Backwards, eventstore.End, 1)
	require.NoError(h.t, err)
	require.Len(h.t, all, 1)
	return string(all[0].Data)
}
