package screens

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
)

// picture shows who of a wing must be kept apart: a column of people by landing, and a
// curve for each record. What it shows is decided here, to the pixel; the template only
// writes it. The same sheet always has the same picture.
type picture struct {
	Title         string
	Width, Height int
	Styles        []pictureStyle
	Landings      []pictureText
	People        []pictureText
	DotX          int
	Edges         []pictureEdge
}

// pictureStyle is one line of the key: how the curves of a restriction look.
type pictureStyle struct {
	Class, Text string
	X, ToX, Y   int
	TextX       int
}

// pictureText is a text, with its base line at Y and its dot at DotY.
type pictureText struct {
	Text       string
	X, Y, DotY int
}

// pictureEdge is a record: a curve that leads to it. A breach has a text too, at the end
// of a line of its own.
type pictureEdge struct {
	Href, Label, Class, Path string
	Breach                   *pictureText
	Line                     string // from the curve to the text
}

// maxPictured is the number of people whom a picture shows at most.
const maxPictured = 150

// Measures of a picture, in pixels.
const (
	lineHeight   = 24
	letterWidth  = 8 // no letter of most names is wider, on average
	margin       = 16
	minWidth     = 320 // the key needs as much
	minBend      = 32  // of the curve between two neighbours
	maxBend      = 360 // of the longest
	longestLabel = 90  // characters; longer names are cut
)

// pictureOf returns the picture of a sheet; nil unless it is of exactly one wing, with
// somebody and at most maxPictured people on it.
func pictureOf(found whereabouts.Sheet) *picture {
	if len(found.Used.Wings) != 1 || len(found.Rows) == 0 {
		return nil
	}
	wing := found.Used.Wings[0]
	landings := landingsOf(found, wing)
	count, longest := 0, 0
	everybody := people{all: found.People}
	for _, landing := range landings {
		for _, one := range landing.people {
			count, longest = count+1, max(longest, len([]rune(one.label(everybody))))
		}
	}
	if count > maxPictured {
		return nil
	}
	p := &picture{Title: "Picture of wing " + wing, DotX: 2*margin + longest*letterWidth}
	y := p.key()
	at := map[domain.PrisonerNumber]int{}
	for _, landing := range landings {
		y += lineHeight + lineHeight/2
		p.Landings = append(p.Landings, pictureText{Text: landing.name, X: margin, Y: y})
		for _, one := range landing.people {
			y += lineHeight
			at[one.number] = y - lineHeight/4
			p.People = append(p.People, pictureText{Text: one.label(everybody), X: p.DotX - margin, Y: y, DotY: at[one.number]})
		}
	}
	p.draw(found, everybody, at, y)
	return p
}

// pictured is somebody in a picture.
type pictured struct {
	number   domain.PrisonerNumber
	location domain.Location
}

// label returns the name, the number and the location of somebody.
func (p pictured) label(everybody people) string {
	return short(listedName(everybody.of(p.number)) + ", " + located(p.location.Text()))
}

// listedName returns "Last, First (number)", or the number.
func listedName(p person) string {
	if !p.named {
		return string(p.Number)
	}
	return p.ListName() + " (" + string(p.Number) + ")"
}

// short cuts a text that is longer than a label may be.
func short(text string) string {
	if letters := []rune(text); len(letters) > longestLabel {
		return string(letters[:longestLabel-1]) + "…"
	}
	return text
}

// landing is a group of people of a picture.
type landing struct {
	name   string
	order  int // the wing itself, then the other wings, then those in no cell
	people []pictured
}

// landingsOf groups the people of a sheet. Within a landing they are in the order of their
// cells, and then of the sheet.
func landingsOf(found whereabouts.Sheet, wing string) []*landing {
	var all []*landing
	byName, known := map[string]*landing{}, map[domain.PrisonerNumber]bool{}
	for _, row := range found.Rows {
		if known[row.Prisoner] {
			continue
		}
		known[row.Prisoner] = true
		location := row.LocationOf(row.Prisoner)
		name, order := "Landing "+location.Landing(), 1
		switch {
		case !location.IsCell():
			name, order = "In no known cell", 2
		case location.Wing() == wing:
			order = 0
		}
		if byName[name] == nil {
			byName[name] = &landing{name: name, order: order}
			all = append(all, byName[name])
		}
		byName[name].people = append(byName[name].people, pictured{row.Prisoner, location})
	}
	slices.SortFunc(all, func(a, b *landing) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.name, b.name)) })
	for _, one := range all {
		slices.SortStableFunc(one.people, func(a, b pictured) int { return strings.Compare(a.location.Text(), b.location.Text()) })
	}
	return all
}

// edgeClasses say how the curve of each restriction looks.
var edgeClasses = map[domain.Restriction]string{domain.Cell: "app-edge--cell", domain.Landing: "app-edge--landing", domain.Wing: "app-edge--wing"}

// key draws what the curves mean, and returns the line below it.
func (p *picture) key() int {
	y := lineHeight
	for _, term := range domain.Restrictions() {
		p.Styles = append(p.Styles, pictureStyle{Class: edgeClasses[term.Code], Text: term.Description, X: margin, ToX: margin + 60, Y: y - lineHeight/4, TextX: margin + 72})
		y += lineHeight
	}
	p.Styles = append(p.Styles, pictureStyle{Class: "app-edge--broken", Text: tooCloseNow, X: margin, ToX: margin + 60, Y: y - lineHeight/4, TextX: margin + 72})
	return y
}

// draw draws the curves, and beside them the breaches, each on a line of its own. bottom
// is the line of the last person.
func (p *picture) draw(found whereabouts.Sheet, everybody people, at map[domain.PrisonerNumber]int, bottom int) {
	var breaches []breachMark
	widest, longest := 0, 0
	for _, row := range found.Rows {
		if row.Prisoner != row.Pair.Numbers()[0] {
			continue // each record has two rows
		}
		one, other := at[row.Prisoner], at[row.Other]
		bend := min(minBend+max(one-other, other-one)/2, maxBend)
		widest = max(widest, bend*3/4)
		label := listedName(everybody.of(row.Prisoner)) + " and " + listedName(everybody.of(row.Other))
		edge := pictureEdge{
			Href: recordPath(row.Prisoner, row.ID), Class: edgeClasses[row.Apart()],
			Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", p.DotX, one, p.DotX+bend, one, p.DotX+bend, other, p.DotX, other),
		}
		if row.TooClose {
			label = howNear(row.Near, row.Locations[0].Text(), "") + ": " + label
			edge.Class += " app-edge--broken"
			edge.Breach = &pictureText{Text: short(label)}
			longest = max(longest, len([]rune(edge.Breach.Text)))
			breaches = append(breaches, breachMark{len(p.Edges), p.DotX + bend*3/4, (one + other) / 2})
		}
		edge.Label = label + ". " + restriction(row.Restriction, row.TypeCode)
		p.Edges = append(p.Edges, edge)
	}
	textX := p.DotX + widest + 2*margin
	p.Width, p.Height = max(textX+longest*letterWidth+margin, minWidth), bottom+lineHeight
	p.mark(breaches, textX)
}

// breachMark is where the text of a breach is wanted: at the end of its curve.
type breachMark struct{ edge, x, y int }

// mark puts the text of each breach on a free line, as near to its curve as the breaches
// above it allow.
func (p *picture) mark(breaches []breachMark, textX int) {
	slices.SortStableFunc(breaches, func(a, b breachMark) int { return cmp.Compare(a.y, b.y) })
	free := 0
	for _, b := range breaches {
		y := max(b.y, free)
		free = y + lineHeight
		edge := &p.Edges[b.edge]
		edge.Breach.X, edge.Breach.Y = textX, y+lineHeight/4
		edge.Line = fmt.Sprintf("M%d %dL%d %d", b.x, b.y, textX-margin/2, y)
		p.Height = max(p.Height, y+lineHeight)
	}
}
