package screens

import (
	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// form is one of the five forms that write a record.
type form struct {
	id      string // of the form, and the beginning of the ids of its fields
	act     domain.Act
	title   string
	heading string
	fields  func(p, o person) []field
	save    govuk.Button
	next    []string // paragraphs above the button
	done    string   // what a save has done, as addresses have it
	verb    string   // what a save that failed could not do
	// command returns the command of a form that was filled without a fault. values are
	// those of the fields, by name.
	command func(w writing, values map[string]string) commands.StaffCommand
}

var (
	formAdd = form{
		id: "add", act: domain.ActAdd, title: "Enter non-association details", heading: recordTitle,
		fields: detailFields, save: govuk.Button{Text: "Save", Once: true}, next: nextAfterDetails, done: didAdd, verb: "saved", command: openCommand,
	}
	formUpdate = form{
		id: "update", act: domain.ActUpdate, title: "Enter non-association details", heading: recordTitle,
		fields: detailFields, save: govuk.Button{Text: "Save", Once: true}, next: nextAfterDetails, done: didUpdate, verb: didUpdate, command: amendCommand,
	}
	formClose = form{
		id: "close", act: domain.ActClose, title: "Close a non-association", heading: "Close a non-association",
		fields: closeFields, save: govuk.Button{Text: "Close this non-association", Kind: govuk.Warns, Once: true}, done: didClose, verb: didClose, command: closeCommand,
	}
	formReopen = form{
		id: "reopen", act: domain.ActReopen, title: "Reopen a non-association", heading: "Reopen a non-association",
		fields: reopenFields, save: govuk.Button{Text: "Reopen this non-association", Kind: govuk.Warns, Once: true}, done: didReopen, verb: didReopen, command: reopenCommand,
	}
	formDelete = form{
		id: "delete", act: domain.ActDelete, title: "Delete a non-association", heading: "Delete a non-association",
		fields: deleteFields, save: govuk.Button{Text: "Delete this non-association", Kind: govuk.Warns, Once: true}, done: didDelete, verb: didDelete, command: deleteCommand,
	}
)

var nextAfterDetails = []string{
	"By saving these details, you confirm that, to the best of your knowledge, the information you have provided is correct.",
	"You can return and update the non-association later.",
}

// Names of fields.
const (
	fieldReason       = "reason"
	fieldRole         = "prisonerRole"
	fieldOtherRole    = "otherPrisonerRole"
	fieldRestriction  = "restrictionType"
	fieldComment      = "comment"
	fieldClosedReason = "closedReason"
	fieldReopenReason = "reopenReason"
	fieldDeletion     = "deletionReason"
	fieldRequestedBy  = "staffUserNameRequestingDeletion"
)

// field is one field of a form: a choice, or a text with a limit in UTF-16 units.
type field struct {
	name, label, hint string

	choices []govuk.Choice // nil: a text
	limit   int
	oneLine bool

	missing, long, refused string // what is said of a fault
}

// detailFields are those of add and update, for the key prisoner and the other.
func detailFields(p, o person) []field {
	return []field{
		{name: fieldReason, label: headReason, choices: choicesOf(domain.Reasons()), missing: "Select a reason for the non-association"},
		roleField(fieldRole, p),
		roleField(fieldOtherRole, o),
		{
			name: fieldRestriction, label: "Where to keep these prisoners apart", choices: choicesOf(domain.Restrictions()),
			missing: "Select where to keep the prisoners apart",
		},
		commentField(fieldComment, "Explain why these prisoners should be kept apart. Include any relevant IR numbers, if you have them."),
	}
}

func roleField(name string, of person) field {
	choices := choicesOf(domain.Roles())
	for i := range choices {
		if choices[i].Value == string(domain.NotRelevant) {
			choices[i].Hint = "For example, equal parties or co-defendants."
		}
	}
	return field{name: name, label: of.Possessive() + " role", choices: choices, missing: "Select " + of.Possessive() + " role in the situation"}
}

func commentField(name, hint string) field {
	return field{
		name: name, label: headComments, hint: hint, limit: domain.MaxComment, missing: "Enter a comment",
		long: "Comment must be 240 characters or less", refused: "Comment contains a character that cannot be used",
	}
}

func closeFields(person, person) []field {
	return []field{commentField(fieldClosedReason, "Explain why this non-association is no longer required.")}
}

func reopenFields(person, person) []field {
	return []field{commentField(fieldReopenReason, "Explain why this non-association is needed again.")}
}

func deleteFields(person, person) []field {
	return []field{
		{
			name: fieldDeletion, label: "Reason for deletion", limit: domain.MaxComment, missing: "Enter a reason for deletion",
			long: "Reason must be 240 characters or less", refused: "Reason contains a character that cannot be used",
		},
		{
			name: fieldRequestedBy, label: "User name of the person who asked for it", limit: domain.MaxAuthorisedBy, oneLine: true,
			missing: "Enter the user name of the person who asked for it", long: "User name must be 60 characters or less",
			refused: "User name contains a character that cannot be used",
		},
	}
}

// choicesOf returns a vocabulary as choices, in its order.
func choicesOf[W ~string](vocabulary []domain.Term[W]) []govuk.Choice {
	choices := make([]govuk.Choice, len(vocabulary))
	for i, term := range vocabulary {
		choices[i] = govuk.Choice{Value: string(term.Code), Text: term.Description}
	}
	return choices
}

func openCommand(w writing, values map[string]string) commands.StaffCommand {
	return commands.StaffCommand{Pair: w.pair, Command: domain.Open{
		Comment: values[fieldComment], FirstPrisoner: w.p.Number, Reason: domain.Reason(values[fieldReason]),
		Restriction: domain.Restriction(values[fieldRestriction]),
		Roles: map[domain.PrisonerNumber]domain.Role{
			w.p.Number: domain.Role(values[fieldRole]), w.o.Number: domain.Role(values[fieldOtherRole]),
		},
	}}
}

func amendCommand(w writing, values map[string]string) commands.StaffCommand {
	roles := [2]domain.Role{domain.Role(values[fieldRole]), domain.Role(values[fieldOtherRole])}
	// Roles are given by the order in which the record names the prisoners.
	if !w.isNamedFirst() {
		roles[0], roles[1] = roles[1], roles[0]
	}
	return commands.StaffCommand{ID: w.id, Roles: roles, Command: domain.Amend{
		ID: w.id, Comment: new(values[fieldComment]), Reason: new(domain.Reason(values[fieldReason])),
		Restriction: new(domain.Restriction(values[fieldRestriction])),
	}}
}

func closeCommand(w writing, values map[string]string) commands.StaffCommand {
	return ofRecord(w.id, domain.Close{ID: w.id, ClosedReason: values[fieldClosedReason]})
}

func reopenCommand(w writing, values map[string]string) commands.StaffCommand {
	return ofRecord(w.id, domain.Reopen{ID: w.id, ReopenReason: values[fieldReopenReason]})
}

func deleteCommand(w writing, values map[string]string) commands.StaffCommand {
	return ofRecord(w.id, domain.Delete{ID: w.id, DeletionReason: values[fieldDeletion], RequestedBy: values[fieldRequestedBy]})
}

func ofRecord(id uuid.UUID, command domain.Command) commands.StaffCommand {
	return commands.StaffCommand{ID: id, Command: command}
}
