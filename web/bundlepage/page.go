// Package bundlepage draws page.html of a bundle: the record for people, in one file that
// loads nothing and can be printed.
package bundlepage

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain"
)

// Page is what is drawn.
type Page struct {
	Contents bundle.Contents
	// Records are those of the prisoner, as they were known at Contents.KnownAt.
	Records []audit.RecordAsOf
	// Covered is when the first head that covers a fact was signed, by event id.
	Covered map[uuid.UUID]time.Time
	// Unreadable are facts that this build cannot decode.
	Unreadable []uuid.UUID
	// Incomplete reports that Records could not be folded, because of Unreadable.
	Incomplete bool
	Build      string
	London     *time.Location
}

//go:embed page.gohtml
var text string

var parsed = template.Must(template.New("page").Parse(text))

// Draw returns the HTML.
func (p Page) Draw() ([]byte, error) {
	var out bytes.Buffer
	if err := parsed.Execute(&out, p.view()); err != nil {
		return nil, fmt.Errorf("draw the page of a bundle: %w", err)
	}
	return out.Bytes(), nil
}

// view is a Page in words.
type view struct {
	Number, MadeAt, KnownAt, User, Reason, Build string
	Withheld, Incomplete                         bool
	Records                                      []record
	Facts                                        []fact
	Gaps                                         []string
	Views                                        bool
}

type record struct {
	Other, State, Effective, Expiry, Why, Restriction, Comment string
	Roles                                                      string
	Notes                                                      []string
}

type fact struct {
	Index, What, By, True, Known, Covered string
	Leaf, Proof                           string
}

func (p Page) view() view {
	c := p.Contents
	v := view{
		Number: string(c.PrisonerNumber), MadeAt: p.words(c.MadeAt), KnownAt: p.words(c.KnownAt), User: c.User, Reason: c.Reason,
		Build: p.Build, Withheld: c.Withheld, Incomplete: p.Incomplete, Gaps: p.gaps(), Views: c.Views != nil,
	}
	for _, r := range p.Records {
		v.Records = append(v.Records, p.record(r))
	}
	catalogue := domain.Events()
	for _, f := range c.Facts {
		v.Facts = append(v.Facts, p.fact(catalogue, f))
	}
	return v
}

// words is a time in London, as people say it.
func (p Page) words(at time.Time) string { return at.In(p.London).Format("2 January 2006, 15:04:05") }

// gaps says everything of which the page knows that it is not there or not proven.
func (p Page) gaps() []string {
	var all []string
	if n := len(p.Contents.Uncovered()); n > 0 {
		all = append(all, counted(n, "fact is", "facts are")+" covered by no signed head yet. Nothing proves them until the next one.")
	}
	if n := len(p.Unreadable); n > 0 {
		all = append(all, counted(n, "fact cannot", "facts cannot")+" be read by this build of the service. The bytes are in the bundle.")
	}
	if p.Incomplete {
		all = append(all, "The list of non-associations is not shown, because it would rest on a fact that cannot be read.")
	}
	for _, g := range p.Contents.Gaps() {
		after := "from its beginning"
		if g.After != nil {
			after = fmt.Sprintf("after revision %d", *g.After)
		}
		all = append(all, fmt.Sprintf("Of the stream %s, what comes %s and before revision %d is about other people’s records, and not in this bundle.", g.Stream, after, g.Before))
	}
	return append(all,
		"What was recorded after the time above is not in this bundle.",
		"Names and locations of prisoners are not kept in the record, so none are shown.",
	)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// unknown stands in place of what a fact does not say.
const unknown = "not known"

// withheldWord stands in place of what is withheld.
const withheldWord = "withheld"

func (p Page) record(r audit.RecordAsOf) record {
	n, number := r.NonAssociation, p.Contents.PrisonerNumber
	out := record{
		Other: string(r.Pair.Other(number)), State: states[r.State], Effective: string(n.EffectiveDate), Why: term(domain.Reasons(), n.Reason),
		Restriction: term(domain.Restrictions(), n.Restriction),
		Roles:       term(domain.Roles(), n.Sides[number].Role) + " (the other: " + term(domain.Roles(), n.Sides[r.Pair.Other(number)].Role) + ")",
	}
	if n.ExpiryDate != nil {
		out.Expiry = string(*n.ExpiryDate)
	}
	if n.Comment != nil {
		out.Comment = *n.Comment
	}
	if r.Deleted != nil {
		out.Notes = append(out.Notes, fmt.Sprintf("Deleted at %s, at the request of %s. %s", p.words(r.Deleted.At), orNobody(r.Deleted.By), p.free(r.Deleted.Reason)))
	}
	if r.MovedTo != nil {
		out.Notes = append(out.Notes, "A merge moved it to the pair "+p.free(r.MovedTo.String())+".")
	}
	if p.Contents.Withheld {
		out.Other = withheldWord
		if out.Comment != "" {
			out.Comment = withheldWord
		}
	}
	return out
}

// free is what people wrote, or what names others; it is withheld with them.
func (p Page) free(text string) string {
	if p.Contents.Withheld && text != "" {
		return withheldWord
	}
	return text
}

func orNobody(by string) string {
	if by == "" {
		return "nobody that is known"
	}
	return by
}

var states = map[audit.RecordState]string{
	audit.StateOpen: "Open", audit.StateClosed: "Closed", audit.StatePending: "Pending: not begun yet",
}

// term returns the words of a code; the code itself where there are none.
func term[C ~string](terms []domain.Term[C], code C) string {
	for _, t := range terms {
		if t.Code == code {
			return t.Description
		}
	}
	return string(code)
}

func (p Page) fact(catalogue domain.Catalogue, f bundle.Fact) fact {
	out := fact{
		What: f.Recorded.Type, Known: p.words(f.Recorded.RecordedAt), True: unknown, By: unknown,
		Index: "–", Covered: "not yet",
	}
	for _, e := range catalogue.Types() {
		if e.Type == f.Recorded.Type {
			out.What = e.Doc
		}
	}
	if meta, err := domain.DecodeMeta(f.Recorded.Metadata); err == nil {
		out.True, out.By = p.words(meta.OccurredAt), meta.Actor+" ("+string(meta.Source)+")"
	}
	if f.Proof != nil {
		out.Index = strconv.FormatInt(f.Proof.Index, 10)
		out.Leaf, out.Proof = bundle.LeafFile(f.Proof.Index), bundle.ProofFile(f.Proof.Index)
		out.Covered = unknown
		if at, is := p.Covered[f.Recorded.ID]; is {
			out.Covered = p.words(at)
		}
	}
	return out
}
