package shape

import (
	"time"

	"nonassociations/domain"
)

// SwitchOver is the switch-over from NOMIS as it is.
type SwitchOver struct {
	Inbound     bool     `json:"inbound"`     // NOMIS may change records here
	Outbound    bool     `json:"outbound"`    // changes here are written to NOMIS
	Legacy      bool     `json:"legacy"`      // the legacy list is answered
	LegacyUntil *string  `json:"legacyUntil"` // when a brown-out of the list is over; null: there is none
	Prisons     []Prison `json:"prisons"`     // by id; never null
}

// Prison is a prison in the switch-over. Null is what is not known, or not yet.
type Prison struct {
	PrisonID            domain.PrisonID `json:"prisonId"`
	PrisonName          *string         `json:"prisonName"`
	Stage               domain.Stage    `json:"stage"`
	Since               *string         `json:"since"` // null, as the next two: never staged
	By                  *string         `json:"by"`
	Reason              *string         `json:"reason"`
	OpenNonAssociations *int            `json:"openNonAssociations"` // with a prisoner who is there
	Differences         *int            `json:"differences"`         // between this service and NOMIS
	LastNOMISChange     *string         `json:"lastNOMISChange"`     // by staff, of a record with a prisoner there
	ScreenBlocked       *bool           `json:"screenBlocked"`       // NOMIS's own; null: NOMIS was not asked
	Announced           *Announced      `json:"announced"`
	NOMISEdits7Days     *int            `json:"nomisEdits7Days"` // such changes in seven days in London, today is one of them
}

// Announced is what staff of a prison are told.
type Announced struct {
	From  string `json:"from"` // a day
	Text  string `json:"text"`
	Since string `json:"since"`
	By    string `json:"by"`
}

// PrisonDetails is what is known of a prison beside the facts of the switch-over. A
// field that is nil is not known.
type PrisonDetails struct {
	Name                *string
	OpenNonAssociations *int
	Differences         *int
	LastNOMISChange     *time.Time
	ScreenBlocked       *bool
	NOMISEdits7Days     *int
}

// NewPrison returns the entry of a prison. Times are London's, with their offset.
func NewPrison(london *time.Location, p domain.Prison, details PrisonDetails) Prison {
	entry := Prison{
		PrisonID: p.ID, PrisonName: details.Name, Stage: p.Stage, By: orNull(p.By), Reason: orNull(p.Reason),
		OpenNonAssociations: details.OpenNonAssociations, Differences: details.Differences,
		ScreenBlocked: details.ScreenBlocked, NOMISEdits7Days: details.NOMISEdits7Days,
		LastNOMISChange: timeOrNull(london, details.LastNOMISChange),
	}
	if p.Staged {
		entry.Since = timeOrNull(london, &p.Since)
	}
	if a := p.Announced; a != nil {
		entry.Announced = &Announced{From: a.From, Text: a.Text, Since: withOffset(london, a.Since), By: a.By}
	}
	return entry
}

// NewSwitchOver returns a state as it is at a moment, in London, with the entries of its
// prisons.
func NewSwitchOver(now time.Time, s domain.SwitchOver, prisons []Prison) SwitchOver {
	out := SwitchOver{Inbound: s.Inbound.On(now), Outbound: s.Outbound.On(now), Legacy: s.Legacy.On(now), Prisons: prisons}
	if !out.Legacy {
		out.LegacyUntil = timeOrNull(now.Location(), s.Legacy.Until)
	}
	return out
}

// SwitchOverEntry is one fact of the switch-over.
type SwitchOverEntry struct {
	Type string `json:"type"` // as it was recorded
	SwitchOverChange
	Reason   string  `json:"reason"`
	By       string  `json:"by"`
	At       string  `json:"at"`
	Position *uint64 `json:"position"` // null where the store sends none with a stream
}

// SwitchOverChange is what a fact of the switch-over changed. Every key is null for a
// fact that has no such value.
type SwitchOverChange struct {
	PrisonID  *domain.PrisonID `json:"prisonId"`
	From      *domain.Stage    `json:"from"`
	To        *domain.Stage    `json:"to"`
	Announced *Announcement    `json:"announced"`
	Until     *string          `json:"until"` // of a brown-out: when it is over
}

// Announcement is what was announced; a blank text took it back.
type Announcement struct {
	From *string `json:"from"` // a day; null when it was taken back
	Text string  `json:"text"`
}

// NewSwitchOverChange returns what an event changed; nil for an event that is not of the
// switch-over.
func NewSwitchOverChange(london *time.Location, event domain.Event) *SwitchOverChange {
	switch e := event.(type) {
	case domain.PrisonStaged:
		return &SwitchOverChange{PrisonID: &e.PrisonID, From: &e.From, To: &e.To}
	case domain.PrisonAnnounced:
		return &SwitchOverChange{PrisonID: &e.PrisonID, Announced: &Announcement{From: orNull(e.From), Text: e.Text}}
	case domain.LegacyEnded:
		return &SwitchOverChange{Until: timeOrNull(london, e.Until)}
	case domain.InboundEnded, domain.InboundResumed, domain.OutboundEnded, domain.OutboundResumed, domain.LegacyResumed:
		return &SwitchOverChange{}
	default:
		return nil
	}
}

// NewSwitchOverEntry returns the entry of a fact of the switch-over.
func NewSwitchOverEntry(london *time.Location, f RecordedFact) SwitchOverEntry {
	entry := SwitchOverEntry{
		Type: f.Type, Reason: domain.WhyOf(f.Event), By: f.Meta.Actor, At: withOffset(london, f.Meta.DecidedAt), Position: f.Position,
	}
	if change := NewSwitchOverChange(london, f.Event); change != nil {
		entry.SwitchOverChange = *change
	}
	return entry
}

// ActiveAgencies returns the prisons at BOTH or DPS in order, and "***" alone when there
// are known prisons and all of them are. given are known ones beside those that were
// ever staged.
func ActiveAgencies(s domain.SwitchOver, given []domain.PrisonID) []string {
	active, known := []string{}, s.Known(given)
	for _, id := range known {
		if s.Prison(id).Stage != domain.StageNOMIS {
			active = append(active, string(id))
		}
	}
	if len(known) > 0 && len(active) == len(known) {
		return []string{"***"}
	}
	return active
}

func withOffset(london *time.Location, t time.Time) string {
	return t.In(london).Format(recordedLayout)
}

// timeOrNull returns nil for no time, which JSON shows as null.
func timeOrNull(london *time.Location, t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := withOffset(london, *t)
	return &text
}
