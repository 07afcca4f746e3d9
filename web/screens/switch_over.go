package screens

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/shape"
)

// SwitchOverPage shows how far each prison has switched over from NOMIS.
type SwitchOverPage struct {
	None              string // in place of the page
	Refresh           refreshing
	Inbound, Outbound switchWords
	Board             *govuk.Table
	NoBoard           string
	Other             govuk.Input // a prison that is not on the board
	Show              govuk.Button
}

// switchWords is one of the two switches.
type switchWords struct {
	State, Why string
	Act        govuk.Button
}

// The two switches.
const (
	inbound  = "inbound"
	outbound = "outbound"
)

// switchSays is what is so while a switch is on, and while it is off.
var switchSays = map[string]map[bool]string{
	inbound:  {true: "What NOMIS sends changes records here.", false: "What NOMIS sends changes nothing here."},
	outbound: {true: "What changes here is written to NOMIS.", false: "What changes here is not written to NOMIS."},
}

var switchOverPage = page{operationsPath + "/switch-over", "Switch-over"}

// switchOver shows the board of prisons and the two switches.
func (s *Screens) switchOver(ctx context.Context, v *visit) (answer, error) {
	shown := SwitchOverPage{Refresh: v.refreshing()}
	if s.operators.SwitchOver == nil {
		shown.None = "This process does not know the switch-over."
		return s.operatorPage(ctx, v, switchOverPage.title, shown), nil
	}
	state, err := s.operators.SwitchOver.SwitchOver(ctx)
	if err != nil {
		return answer{}, unavailable(err, "The switch-over could not be read.")
	}
	shown.Inbound, shown.Outbound = switchOf(v, inbound, state.Inbound), switchOf(v, outbound, state.Outbound)
	known, err := s.knownPrisons(ctx)
	if err != nil {
		s.logger.WarnContext(ctx, "prisons not known", "requestId", v.id, "error", err)
		shown.NoBoard = "The prisons that are known could not be listed. Those below were staged or announced before."
	}
	for _, p := range state.Prisons {
		known = append(known, p.ID)
	}
	shown.Other = govuk.Input{ID: "prison-prison", Name: "prison", Label: govuk.Label{Text: "A prison that is not in the list"}, Hint: "For example, MDI", Width: 5, Exact: true}
	shown.Show = govuk.Button{Text: "Show", Kind: govuk.Secondary}
	if asked := strings.ToUpper(text(v.request.URL.Query(), "prison")); asked != "" {
		shown.Other.Value = asked
		if isThreeCapitals(asked) {
			known = append(known, domain.PrisonID(asked))
		}
	}
	shown.Board = s.boardOf(ctx, v, state, state.Known(known))
	return s.operatorPage(ctx, v, switchOverPage.title, shown), nil
}

// knownPrisons returns the prisons that the directory ever gave. Without that part there
// are none beside those of the facts.
func (s *Screens) knownPrisons(ctx context.Context) ([]domain.PrisonID, error) {
	if s.operators.Prisons == nil {
		return nil, nil
	}
	return s.operators.Prisons.Known(ctx)
}

// switchOf returns a switch in words, with what can be done about it.
func switchOf(v *visit, name string, of domain.Switch) switchWords {
	words := switchWords{State: switchSays[name][true], Act: govuk.Button{Text: "End " + name, Href: switchOverPage.path + "/" + name + "/end", Kind: govuk.Warns}}
	if !of.On(v.now) {
		words.State = switchSays[name][false]
		words.Act = govuk.Button{Text: "Resume " + name, Href: switchOverPage.path + "/" + name + "/resume", Kind: govuk.Secondary}
	}
	if !of.Since.IsZero() {
		words.Why = fmt.Sprintf("Since %s by %s: %s", govuk.DateTime(of.Since.In(v.now.Location())), of.By, of.Reason)
	}
	return words
}

// boardOf has a line for each prison. Details that are not known are said so.
func (s *Screens) boardOf(ctx context.Context, v *visit, state domain.SwitchOver, ids []domain.PrisonID) *govuk.Table {
	var details map[domain.PrisonID]shape.PrisonDetails
	if s.operators.Prisons != nil {
		var err error
		if details, err = s.operators.Prisons.Details(ctx, ids); err != nil {
			s.logger.WarnContext(ctx, "page without the details of prisons", "requestId", v.id, "error", err)
		}
	}
	table := &govuk.Table{
		ID: "prisons", Caption: "Prisons", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{
			{Text: "Prison"},
			{Text: "Stage"},
			{Text: "Announced"},
			{Text: "Open records"},
			{Text: "Differences"},
			{Text: "Changes in NOMIS in 7 days"},
			{Text: "NOMIS’s screen"},
			{Text: "Acts"},
		},
	}
	for _, id := range ids {
		table.Rows = append(table.Rows, prisonRow(v, state.Prison(id), details[id]))
	}
	return table
}

// prisonRow is the line of one prison.
func prisonRow(v *visit, p domain.Prison, details shape.PrisonDetails) govuk.Row {
	name, stage := govuk.Cell{Text: string(p.ID)}, govuk.Cell{Text: stageWord(p.Stage)}
	if details.Name != nil {
		name.Text, name.Below = *details.Name, string(p.ID)
	}
	if p.Staged {
		stage.Below = fmt.Sprintf("%s by %s: %s", govuk.DateTime(p.Since.In(v.now.Location())), p.By, p.Reason)
	}
	announced, screen := "no", govuk.Cell{Text: "not known"}
	if a := p.Announced; a != nil {
		announced = "From " + longDay(a.From) + ". " + a.Text
	}
	if blocked := details.ScreenBlocked; blocked != nil {
		screen.Text = map[bool]string{true: "off", false: "on"}[*blocked]
		if !*blocked && p.Stage == domain.StageDPS {
			screen.Tags = []govuk.Tag{{Text: "Open at stage DPS", Colour: "red"}}
		}
	}
	base := switchOverPage.path + "/prisons/" + string(p.ID)
	return govuk.Row{Prison: string(p.ID), Cells: []govuk.Cell{
		name, stage,
		{Text: announced, Lines: true},
		{Text: countOrUnknown(details.OpenNonAssociations)},
		{Text: countOrUnknown(details.Differences)},
		{Text: countOrUnknown(details.NOMISEdits7Days)},
		screen,
		{HTML: buttons(
			govuk.Button{Text: "Change stage", Hidden: "of " + string(p.ID), Href: base + "/stage", Kind: govuk.Secondary},
			govuk.Button{Text: "Announce", Hidden: "in " + string(p.ID), Href: base + "/announce", Kind: govuk.Secondary},
		)},
	}}
}

func countOrUnknown(n *int) string {
	if n == nil {
		return "not known"
	}
	return strconv.Itoa(*n)
}

// stageChoices are the stages as a form offers them.
func stageChoices() []govuk.Choice {
	return []govuk.Choice{
		{Value: string(domain.StageNOMIS), Text: "NOMIS"}, {Value: string(domain.StageBoth), Text: "Both"}, {Value: string(domain.StageDPS), Text: "DPS"},
	}
}

// stageWord returns a stage as the form has it.
func stageWord(stage domain.Stage) string {
	return actField{choices: stageChoices()}.words(string(stage))
}
