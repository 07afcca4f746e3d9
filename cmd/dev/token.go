package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/internal/dev/token"
)

// tokenCmd signs a token with the key of a development run. Production has no such code.
type tokenCmd struct {
	Role     []string `required:"" placeholder:"ROLE" help:"Role of the user, may be repeated; with or without the prefix ROLE_."`
	Scope    []string `placeholder:"SCOPE" help:"Scope, may be repeated; staff writes need \"write\"."`
	Caseload []string `placeholder:"PRISON" help:"Prison of the claim caseloads, may be repeated; without one the token has no such claim, as that of a system."`
	User     string   `required:"" placeholder:"NAME" help:"User name, recorded as the actor."`
}

// Help shows the examples.
func (tokenCmd) Help() string {
	return `Examples:
  dev token --role NON_ASSOCIATIONS_SYNC --user NOMIS
  dev token --role WRITE_NON_ASSOCIATIONS --scope write --caseload XAA --user OFFICER_A
  dev token --role READ_NON_ASSOCIATIONS --role WRITE_NON_ASSOCIATIONS --scope write --user JSMITH

The token is good for a day, and only for the run of DATA_DIR.`
}

// roleName keeps a typing error from becoming a token that nothing accepts.
var roleName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// Run prints the token. It needs no run that is alive: the key in the folder is enough.
// Errors: an invalid role, an empty user, token.ErrNoRun.
func (c tokenCmd) Run(set settings) error {
	roles := make([]string, 0, len(c.Role))
	for _, role := range c.Role {
		role = strings.TrimPrefix(role, "ROLE_")
		if !roleName.MatchString(role) {
			return fmt.Errorf("%q is not the name of a role, such as NON_ASSOCIATIONS_SYNC", role)
		}
		roles = append(roles, role)
	}
	if strings.TrimSpace(c.User) == "" {
		return errors.New("--user is empty")
	}
	caseloads, err := prisonIDs(c.Caseload)
	if err != nil {
		return err
	}
	issuer, err := token.Load(set.DataDir)
	if err != nil {
		return err
	}
	signed, err := issuer.Sign(token.Request{User: c.User, Roles: roles, Scopes: c.Scope, Caseloads: caseloads}, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Println(signed)
	return err
}

// prisonIDs returns the ids of prisons, nil for none. The error is that of a text that
// identifies no prison: it would be left out of the claim.
func prisonIDs(texts []string) ([]string, error) {
	var ids []string
	for _, text := range texts {
		id, err := domain.ParsePrisonID(text)
		if err != nil {
			return nil, fmt.Errorf("--caseload %q %w", text, err)
		}
		ids = append(ids, string(id))
	}
	return ids, nil
}
