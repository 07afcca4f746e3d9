package migration

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
)

// maxSweeps bounds the sweeps of a run: a NOMIS that is written to all the time always has
// new pairs, and those ring the bell.
const maxSweeps = 5

// list gives each pair of the run its row. It does nothing when that is done.
func (w *work) list(ctx context.Context) error {
	if w.run.Listed {
		return nil
	}
	filter := w.run.Filter
	var err error
	switch {
	case len(filter.Pairs) > 0:
		err = w.listNamed(ctx, filter.Pairs)
	case filter.FailedOf != uuid.Nil:
		err = w.Store.AddFailures(ctx, w.run.ID, filter.FailedOf)
	default:
		err = w.sweepAll(ctx)
	}
	if err == nil && filter.Sample != nil {
		err = w.Store.KeepSample(ctx, w.run.ID, *filter.Sample)
	}
	if err != nil {
		return err
	}
	done := store.MigrationProgress{Listed: true}
	if filter.IsPart() {
		run, err := w.Store.Migration(ctx, w.run.ID)
		if err != nil {
			return err
		}
		done.Estimated = &run.Counts.Known
	}
	return w.progress(ctx, done)
}

// mostNamed bounds the rows of one statement.
const mostNamed = 1000

// listNamed lists the pairs that were named.
func (w *work) listNamed(ctx context.Context, named [][2]domain.PrisonerNumber) error {
	for chunk := range slices.Chunk(named, mostNamed) {
		pairs := make([]store.ListedPair, len(chunk))
		for i, one := range chunk {
			pairs[i] = canonical([2]string{string(one[0]), string(one[1])})
		}
		if _, err := w.Store.AddMigrationPairs(ctx, w.run.ID, pairs); err != nil {
			return err
		}
	}
	return nil
}

// sweepAll sweeps until a whole sweep brings no new pair: pages move while NOMIS is
// written to, so that one sweep may miss a pair.
func (w *work) sweepAll(ctx context.Context) error {
	for sweep := w.run.Sweeps; sweep < maxSweeps; sweep++ {
		news, err := w.sweep(ctx, sweep == 0)
		if err == nil {
			err = w.progress(ctx, store.MigrationProgress{Sweeps: 1})
		}
		if err != nil || news == 0 {
			return err
		}
	}
	w.Logger.WarnContext(ctx, "NOMIS had new pairs in every sweep", "migration", w.run.ID, "sweeps", maxSweeps)
	return nil
}

// sweep reads every page, up to an empty one: the total moves too. It returns how many
// pairs were new and did not ring.
func (w *work) sweep(ctx context.Context, first bool) (news int, err error) {
	for number := 0; ; number++ {
		page, err := w.page(ctx, number)
		if err != nil || len(page.Pairs) == 0 {
			return news, err
		}
		added, err := w.Store.AddMigrationPairs(ctx, w.run.ID, w.wanted(page.Pairs))
		if err != nil {
			return news, err
		}
		if !first {
			if added, err = w.silent(ctx, added); err != nil {
				return news, err
			}
		}
		news += len(added)
		progress := store.MigrationProgress{}
		if number == 0 {
			estimated := w.run.Filter.Estimate(page.Total)
			progress.Estimated = &estimated
		}
		if err := w.progress(ctx, progress); err != nil {
			return news, err
		}
	}
}

// page reads a page. While NOMIS does not answer it waits.
func (w *work) page(ctx context.Context, number int) (npa.Page, error) {
	for doubt := false; ; doubt = true {
		if err := w.hold(ctx, doubt); err != nil {
			return npa.Page{}, err
		}
		page, err := w.client.IDs(ctx, number, w.PageSize)
		switch {
		case err == nil:
			return page, nil
		case ctx.Err() != nil:
			return npa.Page{}, context.Cause(ctx)
		}
		w.Beat(err)
		if err := errors.Join(w.save(ctx), w.Pause(ctx, w.Poll)); err != nil {
			return npa.Page{}, err
		}
	}
}

// wanted returns the pairs that the filter selects, in canonical form.
func (w *work) wanted(listed [][2]string) []store.ListedPair {
	var all []store.ListedPair
	numbers := w.run.Filter.PrisonerNumbers
	for _, one := range listed {
		pair := canonical(one)
		if len(numbers) == 0 || slices.ContainsFunc(numbers, func(n domain.PrisonerNumber) bool {
			return pair[0] == string(n) || pair[1] == string(n)
		}) {
			all = append(all, pair)
		}
	}
	return all
}

// canonical returns a pair with the lower number first. NOMIS lists a pair either way
// round. What is no prisoner number stays as it is, as far as Postgres can keep it.
func canonical(listed [2]string) store.ListedPair {
	for i, text := range listed {
		if number, err := domain.ParsePrisonerNumber(text); err == nil {
			listed[i] = string(number)
			continue
		}
		listed[i] = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	}
	return store.ListedPair{min(listed[0], listed[1]), max(listed[0], listed[1])}
}

// silent returns the pairs that have not rung since the run began. One that rang is the
// bell's: either it is due, or its turn has left facts.
func (w *work) silent(ctx context.Context, added []store.ListedPair) ([]store.ListedPair, error) {
	rang, err := w.Store.RangSince(ctx, added, w.run.Started)
	if err != nil {
		return nil, err
	}
	var left []store.ListedPair
	for _, listed := range added {
		pair, is := pairOf(listed)
		if is && !rang[listed] {
			ours, err := w.Turns.Record.Plan(ctx, pair)
			if err != nil {
				return nil, err
			}
			last := len(ours.Facts) - 1
			rang[listed] = last >= 0 && !ours.Facts[last].Meta.DecidedAt.Before(w.run.Started)
		}
		if !rang[listed] {
			left = append(left, listed)
		}
	}
	return left, nil
}
