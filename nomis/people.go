package nomis

import (
	"errors"
	"fmt"
	"strings"

	"nonassociations/domain"
)

// number returns a member that must be a prisoner number. NOMIS pads some numbers with
// blanks.
func (o object) number(name string) (domain.PrisonerNumber, error) {
	text, err := o.text(name)
	if err != nil {
		return "", err
	}
	number, err := domain.ParsePrisonerNumber(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("%s %w", name, err)
	}
	return number, nil
}

// people returns the prisoner numbers in the personReference of an event, at least one.
// Identifiers of other types are passed over.
func (o object) people() ([]domain.PrisonerNumber, error) {
	reference, err := o.object("personReference")
	if err != nil {
		return nil, err
	}
	identifiers, err := reference.objects("identifiers")
	if err != nil {
		return nil, err
	}
	var all []domain.PrisonerNumber
	for _, one := range identifiers {
		if one.textOrEmpty("type") != "NOMS" {
			continue
		}
		number, err := one.number("value")
		if err != nil {
			return nil, err
		}
		all = append(all, number)
	}
	if len(all) == 0 {
		return nil, errors.New("personReference names no prisoner")
	}
	return all, nil
}
