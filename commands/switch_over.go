package commands

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// SwitchOverReceipt is the answer to a command on the switch-over.
type SwitchOverReceipt struct {
	SwitchOver domain.SwitchOver   // as the command left it
	Position   eventstore.Position // a read of the log that has reached it shows the command
}

// ChangeSwitchOver runs a command on the switch-over. A command that changes nothing
// appends nothing. Every process follows within a second. Errors: [domain.Refusal],
// [ErrBusy], [eventstore.ErrNotWhole], and faults of the store.
func (h *Handler) ChangeSwitchOver(ctx context.Context, by domain.Cause, command domain.SwitchOverCommand) (SwitchOverReceipt, error) {
	j, began := &job{switchOver: &switchOverJob{command: command}, by: by}, h.clock()
	position, err := h.run(ctx, []*job{j})
	if err != nil {
		return SwitchOverReceipt{}, err
	}
	h.switchOver.put(j.switchOver.after, began)
	return SwitchOverReceipt{SwitchOver: j.switchOver.after.state, Position: position}, nil
}

// SwitchOver returns the state of the switch-over as the log has it now: everything that
// was appended before the call is in it. It retries outages until the timeout. Errors:
// ErrBusy, [eventstore.ErrNotWhole], and faults of the store.
func (h *Handler) SwitchOver(ctx context.Context) (domain.SwitchOver, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	for wait := NewBackoff(); ; {
		state, err := h.switchOver.read(ctx)
		if !eventstore.Passes(err) || wait.Wait(ctx) != nil {
			return state, busyOnTimeout(ctx, err)
		}
	}
}

// CachedSwitchOver is SwitchOver, but the state may be up to a second old. Within that
// second it calls nothing.
func (h *Handler) CachedSwitchOver(ctx context.Context) (domain.SwitchOver, error) {
	if state, fresh := h.switchOver.fresh(); fresh {
		return state, nil
	}
	return h.SwitchOver(ctx)
}

// switchOverJob is what a job on the switch-over has in the place of a pair.
type switchOverJob struct {
	command domain.SwitchOverCommand
	after   switchOverState // as the decision leaves it
}

// switchOverState is the state after a number of facts of the stream.
type switchOverState struct {
	state domain.SwitchOver
	facts uint64
}

// decideSwitchOver folds what was read of the stream and decides the job's command. A
// fact with the command's own id was appended by an earlier attempt whose answer was
// lost; nothing is appended then.
func (h *Handler) decideSwitchOver(ctx context.Context, j *job, read eventstore.Stream) error {
	loaded, err := foldSwitchOver(ctx, h.log, h.catalogue, read)
	if err != nil {
		return err
	}
	j.switchOver.after, j.step = loaded.switchOverState, done
	if loaded.commands[j.by.CommandID] {
		return nil
	}
	facts, err := loaded.state.Decide(j.switchOver.command, loaded.folded.Now(h.clock()), j.by)
	if err != nil || len(facts) == 0 {
		return err
	}
	j.append = eventstore.Append{Stream: domain.SwitchOverStream, Expected: loaded.folded.Expected()}
	for _, fact := range facts {
		fact.Meta.TraceParent = j.trace
		j.append.Events = append(j.append.Events, eventstore.Encode(fact))
		j.switchOver.after.state = j.switchOver.after.state.Evolve(fact)
	}
	j.switchOver.after.facts += uint64(len(facts))
	j.step = toAppend
	return fitsAppend(j.append)
}

// loadedSwitchOver is the stream of the switch-over as it was loaded.
type loadedSwitchOver struct {
	switchOverState

	folded   *eventstore.Folding // for revisions and times only
	commands map[uuid.UUID]bool  // that have facts here
}

// foldSwitchOver folds what was read of the stream. Errors: those of the read, events
// that this build cannot read, and ErrNotWhole.
func foldSwitchOver(
	ctx context.Context, log eventstore.Store, catalogue domain.Catalogue, read eventstore.Stream,
) (loadedSwitchOver, error) {
	s := loadedSwitchOver{folded: eventstore.NewFolding(domain.Pair{}), commands: map[uuid.UUID]bool{}}
	err := read.Err
	if err == nil && len(read.Events) == 0 {
		err = eventstore.CheckNew(ctx, log, domain.SwitchOverStream)
	}
	for _, recorded := range read.Events {
		if err != nil {
			break
		}
		err = s.add(catalogue, recorded)
	}
	if err != nil {
		return loadedSwitchOver{}, fmt.Errorf("load %s: %w", domain.SwitchOverStream, err)
	}
	return s, nil
}

func (s *loadedSwitchOver) add(catalogue domain.Catalogue, recorded eventstore.RecordedEvent) error {
	fact, err := eventstore.Read(catalogue, recorded)
	if err != nil {
		return err
	}
	if err := s.folded.Add(fact); err != nil {
		return err
	}
	s.state, s.facts = s.state.Evolve(fact.Fact), s.folded.Next()
	s.commands[fact.Meta.CommandID] = true
	return nil
}
