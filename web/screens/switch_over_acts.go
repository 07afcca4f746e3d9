package screens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
)

// switchOverAct makes an act on the switch-over. command makes the command of what was
// typed, lines say what it does to a state.
func (s *Screens) switchOverAct(
	v *visit, a act, command func(ctx context.Context, typed actTyped) (domain.SwitchOverCommand, error), done func(typed actTyped) string,
	lines func(typed actTyped, state domain.SwitchOver) []string,
) act {
	a.back = switchOverPage
	decide := func(ctx context.Context, typed actTyped) (domain.SwitchOver, domain.SwitchOverCommand, error) {
		state, err := s.operators.SwitchOver.SwitchOver(ctx)
		if err != nil {
			return state, nil, err
		}
		wanted, err := command(ctx, typed)
		if err != nil {
			return state, nil, err
		}
		facts, err := state.Decide(wanted, v.now, s.causeOf(v))
		if err == nil && len(facts) == 0 {
			err = actRefusal{"It is so already. Nothing would change."}
		}
		return state, wanted, refusedByRule(err)
	}
	a.plan = func(ctx context.Context, typed actTyped) (actPlan, error) {
		state, _, err := decide(ctx, typed)
		if err != nil {
			return actPlan{}, err
		}
		return actPlan{Lines: lines(typed, state), State: state}, nil
	}
	a.do = func(ctx context.Context, typed actTyped, _ actPlan) (string, error) {
		_, wanted, err := decide(ctx, typed)
		if err != nil {
			return "", err
		}
		_, err = s.operators.SwitchOver.ChangeSwitchOver(ctx, s.causeOf(v), wanted)
		return done(typed), refusedByRule(err)
	}
	return a
}

// causeOf is the cause of a command of this request. Its id is in no answer.
func (s *Screens) causeOf(v *visit) domain.Cause {
	id := s.newID()
	return domain.Cause{CommandID: id, CorrelationID: v.id, CausationID: v.id, Actor: v.session.UserName, Source: domain.DPS}
}

// refusedByRule gives the refusal of a rule its sentence.
func refusedByRule(err error) error {
	var refusal domain.Refusal
	if errors.As(err, &refusal) {
		return actRefusal{refusal.Message + "."}
	}
	return err
}

// prisonOf returns the prison of a path.
func (s *Screens) prisonOf(v *visit) (domain.PrisonID, error) {
	id := domain.PrisonID(chi.URLParam(v.request, "prison"))
	if !isThreeCapitals(string(id)) || !id.IsPrison() || s.operators.SwitchOver == nil {
		return "", notFound()
	}
	return id, nil
}

// changeStage moves a prison to a stage.
func (s *Screens) changeStage(_ context.Context, v *visit) (act, error) {
	id, err := s.prisonOf(v)
	if err != nil {
		return act{}, err
	}
	choices := stageChoices()
	a := act{
		name: "switch-over stage", object: "prison " + string(id), heading: "Change the stage of " + string(id),
		fields: []actField{{name: fieldStage, label: "Stage", choices: choices, check: chosen(choices, "Select a stage")}},
	}
	return s.switchOverAct(v, a, func(_ context.Context, typed actTyped) (domain.SwitchOverCommand, error) {
		return domain.StagePrison{PrisonID: id, Stage: domain.Stage(typed[fieldStage]), Reason: typed[fieldReason]}, nil
	}, func(typed actTyped) string {
		return fmt.Sprintf("%s is at stage %s.", id, stageWord(domain.Stage(typed[fieldStage])))
	}, func(typed actTyped, state domain.SwitchOver) []string {
		return []string{fmt.Sprintf("%s goes from stage %s to stage %s.", id, stageWord(state.Prison(id).Stage), stageWord(domain.Stage(typed[fieldStage])))}
	}), nil
}

// announce tells the staff of a prison, or takes that back.
func (s *Screens) announce(_ context.Context, v *visit) (act, error) {
	id, err := s.prisonOf(v)
	if err != nil {
		return act{}, err
	}
	a := act{
		name: "switch-over announce", object: "prison " + string(id), heading: "Announce the switch-over in " + string(id),
		fields: []actField{
			dayField(fieldFrom, "From", "For example, 2027-01-31. Leave it and the text empty to take the announcement back.", func(typed string, _ time.Time) (string, string) {
				day, err := parseDay(typed)
				if err != nil && typed != "" {
					return "", "Enter a date"
				}
				return day, ""
			}),
			{name: fieldText, label: "Text", lines: true, check: func(typed string, _ time.Time) (string, string) {
				if typed == "" {
					return "", ""
				}
				return prose(typed, "", "Text")
			}},
		},
		needs: func(ctx context.Context, typed actTyped) (field, fault string, err error) {
			if typed[fieldFrom] != "" {
				return "", "", nil
			}
			state, err := s.operators.SwitchOver.SwitchOver(ctx)
			if typed[fieldText] != "" || err == nil && state.Prison(id).Announced == nil {
				return fieldFrom, "Enter a date", err
			}
			return "", "", err
		},
	}
	return s.switchOverAct(v, a, func(_ context.Context, typed actTyped) (domain.SwitchOverCommand, error) {
		command := domain.AnnouncePrison{PrisonID: id, Text: typed[fieldText], Reason: typed[fieldReason]}
		if command.Text != "" {
			command.From = typed[fieldFrom]
		}
		return command, nil
	}, func(typed actTyped) string {
		if typed[fieldText] == "" {
			return fmt.Sprintf("The announcement in %s is taken back.", id)
		}
		return fmt.Sprintf("The switch-over from %s is announced in %s.", longDay(typed[fieldFrom]), id)
	}, func(typed actTyped, _ domain.SwitchOver) []string {
		if typed[fieldText] == "" {
			return []string{fmt.Sprintf("Staff of %s no longer see an announcement.", id)}
		}
		return []string{fmt.Sprintf("Staff of %s see on each page: From %s use this service and not NOMIS. %s", id, longDay(typed[fieldFrom]), typed[fieldText])}
	}), nil
}

// switchAct ends or resumes inbound or outbound.
func (s *Screens) switchAct(name string, on bool) actOf {
	return func(_ context.Context, v *visit) (act, error) {
		if s.operators.SwitchOver == nil {
			return act{}, notFound()
		}
		verb, says := "End", map[string]string{
			inbound:  "Nothing that NOMIS sends changes a record here any more.",
			outbound: "Nothing that changes here is written to NOMIS any more.",
		}[name]
		if on {
			verb, says = "Resume", map[string]string{
				inbound:  "What NOMIS sends changes records here again.",
				outbound: "What changes here is written to NOMIS again.",
			}[name]
		}
		a := act{name: "switch-over " + strings.ToLower(verb) + " " + name, object: name, heading: verb + " " + name}
		return s.switchOverAct(v, a, func(ctx context.Context, typed actTyped) (domain.SwitchOverCommand, error) {
			if name == outbound {
				return domain.SwitchOutbound{On: on, Reason: typed[fieldReason]}, nil
			}
			command := domain.SwitchInbound{On: on, Reason: typed[fieldReason]}
			var err error
			if !on { // the rules refuse it while a known prison is not at DPS
				command.Given, err = s.knownPrisons(ctx)
				slices.Sort(command.Given)
			}
			return command, err
		}, func(actTyped) string {
			return capital(name) + map[bool]string{true: " is resumed.", false: " has ended."}[on]
		}, func(actTyped, domain.SwitchOver) []string { return []string{says} }), nil
	}
}
