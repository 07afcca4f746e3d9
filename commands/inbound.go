package commands

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
)

// Places tells in which prisons prisoners are. Implementations are safe for concurrent
// use.
type Places interface {
	// PrisonsOf returns the prison of each prisoner whose place is known, OUT and TRN
	// too. An answer may be 60 s old. What it returns beside an error is valid.
	PrisonsOf(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error)
}

// placesTime bounds how long one request waits for the directory, whose answer decides
// whether inbound is allowed. Without an answer it is.
const placesTime = 3 * time.Second

// errPlacesNeeded sets a job aside before it appends: whether NOMIS may make this change
// depends on where the prisoners are.
var errPlacesNeeded = errors.New("where the prisoners are is not known yet")

// inbound is whether a job is bound by the rule that NOMIS may change nothing once the
// prisons of both prisoners have switched over.
type inbound int

const (
	unbound     inbound = iota // it is not, or the change is allowed
	bound                      // it is, and is to be judged
	needsPlaces                // it is judged by the places, if it would change anything
	notAllowed                 // what it would change is ignored
)

// judge judges the bound jobs by the state of the switch-over. Most often that costs
// nothing: the state is cached, and no prison has switched over.
func (h *Handler) judge(ctx context.Context, jobs []*job) error {
	if len(jobs) == 0 || jobs[0].inbound != bound {
		return nil // the jobs of a request are all bound, or none is
	}
	rule, err := h.CachedSwitchOver(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		j.rule, j.inbound = &rule, verdictOf(rule)
	}
	return nil
}

// inboundOf returns whether commands of a cause are bound: those of NOMIS are.
func inboundOf(by domain.Cause) inbound {
	if by.Source == domain.NOMIS {
		return bound
	}
	return unbound
}

// verdictOf returns how a bound job is judged by a state of the switch-over.
func verdictOf(s domain.SwitchOver) inbound {
	switch {
	case s.InboundDependsOnPlaces():
		return needsPlaces
	case s.Inbound.Ended:
		return notAllowed
	default:
		return unbound
	}
}

// askPlaces asks the directory once about all jobs that were set aside, and readies them
// for another attempt. It is called between two runs of the loop and never between load
// and append, so that a slow directory cannot cause conflicts.
func (h *Handler) askPlaces(ctx context.Context, jobs []*job) []*job {
	var waiting []*job
	var numbers []domain.PrisonerNumber
	for _, j := range jobs {
		if errors.Is(j.err, errPlacesNeeded) {
			pair := j.pair.Numbers()
			waiting, numbers = append(waiting, j), append(numbers, pair[:]...)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	known := h.prisonsOf(ctx, numbers)
	for _, j := range waiting {
		pair := j.pair.Numbers()
		j.step, j.err, j.inbound = toLoad, nil, notAllowed
		if j.rule.AllowsInbound(domain.Places{known[pair[0]], known[pair[1]]}) {
			j.inbound = unbound
		}
	}
	return waiting
}

// prisonsOf returns the prisons of the prisoners whose place is known in time.
func (h *Handler) prisonsOf(ctx context.Context, numbers []domain.PrisonerNumber) map[domain.PrisonerNumber]domain.PrisonID {
	if h.places == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, placesTime)
	defer cancel()
	known, err := h.places.PrisonsOf(ctx, numbers)
	if err != nil {
		h.logger.WarnContext(ctx, "prisoner directory unavailable, inbound is allowed for whom it does not know", "error", err)
	}
	return known
}

// InboundAllowed reports whether what NOMIS says may change the record of a pair now. It
// asks the directory only when that decides it. Errors: those of SwitchOver.
func (h *Handler) InboundAllowed(ctx context.Context, pair domain.Pair) (bool, error) {
	rule, err := h.SwitchOver(ctx)
	if err != nil || !rule.InboundDependsOnPlaces() {
		return !rule.Inbound.Ended, err
	}
	numbers := pair.Numbers()
	known := h.prisonsOf(ctx, numbers[:])
	return rule.AllowsInbound(domain.Places{known[numbers[0]], known[numbers[1]]}), nil
}

// OutboundAllowed reports whether the service may write to NOMIS now. Errors: those of
// SwitchOver.
func (h *Handler) OutboundAllowed(ctx context.Context) (bool, error) {
	rule, err := h.SwitchOver(ctx)
	return !rule.Outbound.Ended, err
}
