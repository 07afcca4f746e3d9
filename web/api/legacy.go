package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// deprecatedSince is when the department withdrew this list from its own service. Here it
// was deprecated from its first day.
var deprecatedSince = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

// legacy is the middleware of the legacy list. Every answer says that the list is
// deprecated (RFC 9745) and when it ends (RFC 8594), and every call with a valid token
// is counted, whatever the answer is.
func (a *API) legacy(next http.HandlerFunc) http.HandlerFunc {
	deprecation, sunset := []string{"@" + strconv.FormatInt(deprecatedSince.Unix(), 10)}, []string(nil)
	if !a.legacySunset.IsZero() {
		sunset = []string{a.legacySunset.UTC().Format(http.TimeFormat)}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Deprecation"] = deprecation
		if sunset != nil {
			w.Header()["Sunset"] = sunset
		}
		defer func() {
			if rec, is := w.(*responseRecorder); is && rec.client != "" && a.legacyCallers != nil {
				a.legacyCallers.Count(rec.client, rec.status == http.StatusNotFound)
			}
		}()
		next(w, r)
	}
}

// legacyOptions are the parameters of the legacy list, with the names of prison-api.
type legacyOptions struct {
	number      domain.PrisonerNumber
	currentOnly bool // the other prisoner is in the same prison
	openOnly    bool
	today       string
}

// legacyList answers with a prisoner's list in the shape of prison-api. It is gone while
// the switch-over has it off.
func (a *API) legacyList(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	number, err := pathNumber(r, "prisonerNumber")
	if err != nil {
		return out, err
	}
	options := legacyOptions{number, p.flag("currentPrisonOnly", false), p.flag("excludeInactive", false), a.today()}
	least := p.atLeast()
	if err := p.result(); err != nil {
		return out, err
	}
	if a.legacyIsOff(ctx) {
		return out, legacyGone(number)
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	found, err := a.reads.OfPrisoner(ctx, number, least)
	if err != nil {
		return out, unavailable(err)
	}
	out.position = formatPosition(found.Position)
	if found.Survivor != "" {
		return out, movedReply(r, number, found.Survivor)
	}
	list, err := a.legacyView(ctx, options, found.Records)
	if err != nil {
		return out, err
	}
	out.body, err = json.Marshal(list)
	out.etag = etagOf(out.body)
	return out, err
}

// legacyIsOff reports whether the list is off, by a state that may be a second old. A
// log that does not answer turns no list off: its records are right all the same.
func (a *API) legacyIsOff(ctx context.Context) bool {
	state, err := a.commands.CachedSwitchOver(ctx)
	if err != nil {
		a.logger.WarnContext(ctx, "legacy list answered though the switch-over cannot be read", "error", err)
		return false
	}
	return !state.Legacy.On(a.clock())
}

// legacyGone is the 410 of the list, with the path of the one that replaces it
// (RFC 5829).
func legacyGone(number domain.PrisonerNumber) problem {
	p := plain(http.StatusGone, "This list is no longer answered; Link names the one that replaces it")
	p.link = "</non-associations/" + string(number) + `>; rel="successor-version"`
	return p
}

// legacyView builds the list. Errors: [commands.MissingPrisoners] when nothing is held
// about the prisoner, and the directory, which was asked, does not know the number.
func (a *API) legacyView(ctx context.Context, o legacyOptions, records []queries.Record) (shape.LegacyList, error) {
	numbers := append(numbersOf(records), o.number)
	people, sure := a.placesFor(ctx, records, numbers, o.currentOnly)
	if len(records) == 0 && a.isUnknown(o.number) {
		return shape.LegacyList{}, commands.MissingPrisoners{o.number}
	}
	here := people[o.number]
	list := shape.NewLegacyList(o.number, personOf(here))
	list.NamesMissing = isNameless(personOf(here))
	for _, record := range records {
		other := people[record.Pair.Other(o.number)]
		if sure && isElsewhere(other, here.PrisonID) || o.openOnly && record.NonAssociation.IsClosed(o.today) {
			continue
		}
		list.NonAssociations = append(list.NonAssociations, shape.NewLegacyItem(record.Pair, o.number, record.NonAssociation, personOf(other)))
		list.NamesMissing = list.NamesMissing || isNameless(personOf(other))
	}
	slices.SortStableFunc(list.NonAssociations, func(a, b shape.LegacyItem) int { return cmp.Compare(a.EffectiveDate, b.EffectiveDate) })
	return list, nil
}

// isUnknown reports whether the directory has answered, within its cache time, that it
// does not know a number. While it does not answer, no number is unknown.
func (a *API) isUnknown(number domain.PrisonerNumber) bool {
	if a.directory == nil {
		return false
	}
	people, answered := a.directory.Cached([]domain.PrisonerNumber{number})
	_, known := people[number]
	return answered && !known
}

// callersOfLegacy answers with the clients that called the legacy list.
func (a *API) callersOfLegacy(ctx context.Context, _ *http.Request, _ auth.Claims) (response, error) {
	callers := []shape.LegacyCaller{}
	if a.legacyCallers != nil {
		counted, err := a.legacyCallers.Callers(ctx)
		if err != nil {
			return response{}, unavailable(err)
		}
		for _, c := range counted {
			callers = append(callers, shape.NewLegacyCaller(a.clock().Location(), c.ClientID, c.FirstCall, c.LastCall, c.Last7Days, c.NotFound))
		}
	}
	body, err := json.Marshal(callers)
	return response{status: http.StatusOK, body: body}, err
}
