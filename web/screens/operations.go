package screens

import (
	"context"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/shape"
)

// Operations says how every part of the service is.
type Operations struct {
	Build   string
	Well    bool
	Asked   bool // false: the parts could not be asked at all
	Parts   []partStatus
	Pages   []govuk.Link
	Refresh refreshing
}

// partStatus is one part.
type partStatus struct {
	Name    string
	Tag     govuk.Tag
	Since   string
	Numbers []partNumber
	Runbook *govuk.Link // over its threshold, where runbooks have an address
	Named   string      // the path of the runbook, where they have none
}

// partNumber is one number of a part, with the page that says more.
type partNumber struct{ Name, Value, Href string }

// pagesOf are the pages of operators, in the order of the list.
var pagesOf = []page{
	projectionsPage, publisherPage, queuesPage, migrationsPage, reconciliationsPage, differencesPage, switchOverPage,
}

// pageOfPart is the page that says more of a part; the numbers of a part without one are
// text.
var pageOfPart = map[string]page{
	"postgres": projectionsPage, "eventstore": projectionsPage, "readModel": projectionsPage, "publisher": publisherPage, "queues": queuesPage,
	"migration": migrationsPage, "reconciliation": reconciliationsPage, "nomis": differencesPage, "switchOver": switchOverPage,
}

// operations shows what `nonassociations status` says, and the switch-over.
func (s *Screens) operations(ctx context.Context, v *visit) (answer, error) {
	shown := Operations{Refresh: v.refreshing()}
	for _, one := range pagesOf {
		shown.Pages = append(shown.Pages, govuk.Link{Text: one.title, Href: one.path})
	}
	if v.session.HasRole(roleAuditor) {
		shown.Pages = append(shown.Pages, govuk.Link{Text: auditPages[0].text, Href: auditPages[0].href})
	}
	parts, err := s.partsNow(ctx, &shown)
	if err != nil {
		s.logger.WarnContext(ctx, "the parts cannot be asked", "requestId", v.id, "error", err)
	}
	for _, part := range append(parts, s.switchOverStatus(ctx, v)...) {
		shown.Well = shown.Well && part.OK
		shown.Parts = append(shown.Parts, s.partOf(v, part))
	}
	return s.operatorPage(ctx, v, operationsTitle, shown), nil
}

// partsNow asks the parts.
func (s *Screens) partsNow(ctx context.Context, shown *Operations) ([]shape.PartStatus, error) {
	if s.operators.Status == nil {
		return nil, nil
	}
	status, err := s.operators.Status(ctx)
	if err != nil {
		return nil, err
	}
	shown.Asked, shown.Well, shown.Build = true, true, status.Build
	return status.Parts, nil
}

// switchOverStatus tells of the switch-over as of a part.
func (s *Screens) switchOverStatus(ctx context.Context, v *visit) []shape.PartStatus {
	if s.operators.SwitchOver == nil {
		return nil
	}
	of := shape.PartStatus{Part: "switchOver"}
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	state, err := s.operators.SwitchOver.SwitchOver(ctx)
	if err != nil {
		return []shape.PartStatus{of}
	}
	known, unknown := s.knownPrisons(ctx)
	of.Asked, of.OK = true, true
	of.Numbers = map[string]any{"inbound": state.Inbound.On(v.now), "outbound": state.Outbound.On(v.now)}
	if unknown == nil {
		stages := map[domain.Stage]int{}
		for _, id := range state.Known(known) {
			stages[state.Prison(id).Stage]++
		}
		for _, stage := range domain.Stages() {
			of.Numbers["prisonsAt"+string(stage.Code)] = stages[stage.Code]
		}
	}
	return []shape.PartStatus{of}
}

// partTime bounds how long a page waits for one part.
const partTime = 3 * time.Second

// partOf returns a part as it is shown.
func (s *Screens) partOf(v *visit, of shape.PartStatus) partStatus {
	part := partStatus{Name: spelled(of.Part), Tag: govuk.Tag{Text: "Well", Colour: "green"}}
	switch {
	case !of.Asked:
		part.Tag = govuk.Tag{Text: "Could not be asked", Colour: "red"}
	case !of.OK:
		part.Tag = govuk.Tag{Text: "Over its threshold", Colour: "red"}
	}
	if of.Since != nil {
		part.Since = "Since " + govuk.DateTime(of.Since.In(v.now.Location()))
	}
	if !of.OK && of.Runbook != nil {
		part.Runbook, part.Named = s.runbook(*of.Runbook)
	}
	href := pageOfPart[of.Part].path
	for _, name := range slices.Sorted(maps.Keys(of.Numbers)) {
		to := href
		if name == "openDifferences" {
			to = differencesPage.path
		}
		part.Numbers = append(part.Numbers, partNumber{spelled(name), valueOf(name, of.Numbers[name]), to})
	}
	return part
}

// runbook returns the link to a runbook by its name, or its path where runbooks have no
// address.
func (s *Screens) runbook(file string) (*govuk.Link, string) {
	base := s.operators.RunbooksURL
	if base == "" {
		return nil, file
	}
	if last := base[len(base)-1]; last != '/' && last != '=' && last != '#' {
		base += "/"
	}
	name := strings.TrimSuffix(path.Base(file), ".md")
	return &govuk.Link{Text: "Runbook " + name, Href: base + name}, ""
}

// spelled returns the name of a part or a number in words: "openDifferences" is "Open
// differences".
func spelled(name string) string {
	if name == "switchOver" {
		return switchOverPage.title
	}
	name, ofNOMIS := strings.CutPrefix(name, "nomis")
	if ofNOMIS {
		return joined("NOMIS", strings.ToLower(spelled(strings.ReplaceAll(name, "-", " "))))
	}
	name = strings.ReplaceAll(name, "-", " ")
	var words strings.Builder
	before := ' '
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(before) {
			words.WriteRune(' ')
			words.WriteRune(unicode.ToLower(r))
			if strings.HasPrefix(name[i:], "NOMIS") || strings.HasPrefix(name[i:], "BOTH") || strings.HasPrefix(name[i:], "DPS") {
				return strings.TrimSpace(capital(words.String()[:words.Len()-1])) + " " + name[i:]
			}
		} else {
			words.WriteRune(r)
		}
		before = r
	}
	return capital(words.String())
}

// capital returns a text with a capital at its beginning.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// valueOf returns a number as it is read.
func valueOf(name string, value any) string {
	switch is := value.(type) {
	case bool:
		words := map[bool]string{true: "yes", false: "no"}
		if name == "brake" || name == inbound || name == outbound {
			words = map[bool]string{true: "on", false: "off"}
		}
		return words[is]
	case float64:
		return fmt.Sprintf("%.1f", is)
	}
	if inner := reflect.ValueOf(value); inner.Kind() == reflect.Map {
		return valuesOf(inner)
	}
	return fmt.Sprint(value)
}

// valuesOf returns the numbers of a group in the order of their names: "dead letters 0, in
// flight 1".
func valuesOf(group reflect.Value) string {
	var all []string
	for _, key := range group.MapKeys() {
		all = append(all, strings.ToLower(spelled(key.String()))+" "+valueOf(key.String(), group.MapIndex(key).Interface()))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
