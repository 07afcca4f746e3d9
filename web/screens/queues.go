package screens

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"nonassociations/nomis"
	"nonassociations/web/screens/govuk"
)

// QueuesPage shows the queues with their dead letters.
type QueuesPage struct {
	None    string // in place of the table
	Table   *govuk.Table
	Queues  []queueLetters
	Refresh refreshing
}

// queueLetters are the dead letters of one queue.
type queueLetters struct {
	Name, Shown string
	Letters     []nomis.DeadLetter
}

var queuesPage = page{operationsPath + "/queues", "Queues"}

// mostLetters bounds how many dead letters of a queue a page shows.
const mostLetters = 100

// queues shows each queue. One that does not answer is named as such.
func (s *Screens) queues(ctx context.Context, v *visit) (answer, error) {
	shown := QueuesPage{Refresh: v.refreshing()}
	if s.operators.Queues == nil || len(s.operators.Queues.Names()) == 0 {
		shown.None = "This process has no queues."
		return s.operatorPage(ctx, v, queuesPage.title, shown), nil
	}
	shown.Table = &govuk.Table{
		ID: "queues", Caption: "Queues", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Queue"}, {Text: "Messages"}, {Text: "In flight"}, {Text: "Dead-letter queue"}, {Text: "Dead letters"}, {Text: "Acts"}},
	}
	for _, name := range s.operators.Queues.Names() {
		status, err := s.operators.Queues.Status(ctx, name)
		if err != nil {
			s.logger.WarnContext(ctx, "queue not asked", "requestId", v.id, "error", err)
			shown.Table.Rows = append(shown.Table.Rows, govuk.Row{ID: name, Cells: []govuk.Cell{
				{Text: name}, {Text: "could not be asked"}, {}, {}, {}, {},
			}})
			continue
		}
		shown.Table.Rows = append(shown.Table.Rows, govuk.Row{ID: name, Cells: []govuk.Cell{
			{Text: name},
			{Text: strconv.Itoa(status.Messages)},
			{Text: strconv.Itoa(status.InFlight)},
			{Text: orText(status.DeadLetterName, "none")},
			{Text: strconv.Itoa(status.DeadLetters)},
			{HTML: buttons(lettersActs(status)...)},
		}})
		if status.DeadLetterName != "" {
			shown.Queues = append(shown.Queues, s.lettersOf(ctx, v, status))
		}
	}
	return s.operatorPage(ctx, v, queuesPage.title, shown), nil
}

// lettersOf returns the dead letters of a queue, as far as a page shows them.
func (s *Screens) lettersOf(ctx context.Context, v *visit, status nomis.QueueStatus) queueLetters {
	of := queueLetters{Name: status.DeadLetterName, Shown: "There are no dead letters."}
	letters, err := s.operators.Queues.DLQMessages(ctx, status.DeadLetterName, mostLetters)
	switch {
	case err != nil:
		s.logger.WarnContext(ctx, "dead letters not read", "requestId", v.id, "error", err)
		of.Shown = "The dead letters could not be read."
		return of
	case letters.Found > 0:
		of.Shown = fmt.Sprintf("%s, %d shown.", govuk.Count(letters.Found, "dead letter", "dead letters"), len(letters.Messages))
	}
	of.Letters = letters.Messages
	return of
}

// lettersActs are the acts on the dead letters of a queue, none without any.
func lettersActs(status nomis.QueueStatus) []govuk.Button {
	if status.DeadLetters == 0 {
		return nil
	}
	base := queuesPage.path + "/" + url.PathEscape(status.Name)
	return []govuk.Button{
		{Text: "Retry all", Hidden: "of " + status.DeadLetterName, Href: base + "/retry-all", Kind: govuk.Secondary},
		{Text: "Remove all", Hidden: "of " + status.DeadLetterName, Href: base + "/remove-all", Kind: govuk.Warns},
	}
}

// lettersAct makes an act on the dead letters of the queue of a path.
func (s *Screens) lettersAct(v *visit, heading, name string, change func(ctx context.Context, dead string, typed actTyped) (string, error), lines func(nomis.QueueStatus) []string) (act, error) {
	queue, err := url.PathUnescape(chi.URLParam(v.request, "queue"))
	if err != nil || s.operators.Queues == nil || !slices.Contains(s.operators.Queues.Names(), queue) {
		return act{}, notFound()
	}
	find := func(ctx context.Context) (nomis.QueueStatus, error) {
		status, err := s.operators.Queues.Status(ctx, queue)
		switch {
		case errors.Is(err, nomis.ErrUnknownQueue):
			return status, notFound()
		case err == nil && status.DeadLetters == 0:
			return status, actRefusal{"There are no dead letters."}
		}
		return status, err
	}
	return act{
		name: name, object: "queue " + queue, heading: heading, back: queuesPage,
		plan: func(ctx context.Context, _ actTyped) (actPlan, error) {
			status, err := find(ctx)
			if err != nil {
				return actPlan{}, err
			}
			return actPlan{Lines: lines(status), State: []any{status.DeadLetterName, status.DeadLetters}}, nil
		},
		do: func(ctx context.Context, typed actTyped, _ actPlan) (string, error) {
			status, err := find(ctx)
			if err != nil {
				return "", err
			}
			return change(ctx, status.DeadLetterName, typed)
		},
	}, nil
}

// letterCount counts dead letters in words.
func letterCount(n int) string { return govuk.Count(n, "dead letter", "dead letters") }

// plural returns the form of a verb that goes with a count.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// retryLetters returns dead letters to their queue.
func (s *Screens) retryLetters(_ context.Context, v *visit) (act, error) {
	return s.lettersAct(v, "Retry all dead letters", "queues retry", func(ctx context.Context, dead string, _ actTyped) (string, error) {
		found, err := s.operators.Queues.RetryDLQ(ctx, dead)
		return fmt.Sprintf("%s of %s went back to the queue.", letterCount(found), dead), err
	}, func(status nomis.QueueStatus) []string {
		return []string{fmt.Sprintf("%s of %s %s back to the queue %s, to be worked on again.",
			letterCount(status.DeadLetters), status.DeadLetterName, plural(status.DeadLetters, "goes", "go"), status.Name)}
	})
}

// removeLetters removes dead letters. A copy of each is kept.
func (s *Screens) removeLetters(_ context.Context, v *visit) (act, error) {
	return s.lettersAct(v, "Remove all dead letters", "queues purge", func(ctx context.Context, dead string, typed actTyped) (string, error) {
		removed, err := s.operators.Queues.Purge(ctx, dead, nomis.PurgeOrder{Reason: typed[fieldReason], By: v.session.UserName, At: v.now})
		return fmt.Sprintf("%s of %s %s removed. A copy of each is kept.", letterCount(removed), dead, plural(removed, "was", "were")), err
	}, func(status nomis.QueueStatus) []string {
		return []string{
			fmt.Sprintf("%s of %s %s removed, and never worked on.", letterCount(status.DeadLetters), status.DeadLetterName, plural(status.DeadLetters, "is", "are")),
			"A copy of each is kept.",
		}
	})
}
