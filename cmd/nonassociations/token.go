package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"nonassociations/cmd/devtoken"
	"nonassociations/cmd/service"
)

type tokenCmd struct {
	Role    []string `required:"" placeholder:"ROLE" help:"Role of the user, may be repeated; with or without the prefix ROLE_."`
	Scope   []string `placeholder:"SCOPE" help:"Scope, may be repeated; staff writes need \"write\"."`
	User    string   `required:"" placeholder:"NAME" help:"User name, who is recorded as the actor."`
	DataDir string   `env:"DATA_DIR" default:".data" help:"Data folder of the run that is to accept the token."`
}

// Help is kong's.
func (tokenCmd) Help() string {
	return `Examples:
  nonassociations token --role NON_ASSOCIATIONS_SYNC --user NOMIS
  nonassociations token --role READ_NON_ASSOCIATIONS --role WRITE_NON_ASSOCIATIONS --scope write --user JSMITH

It is good for a day, and only for the development run of that data folder.`
}

// roleName keeps a typing error from becoming a token that nothing accepts.
var roleName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// Run is kong's.
func (c tokenCmd) Run() error {
	roles := make([]string, 0, len(c.Role))
	for _, role := range c.Role {
		role = strings.TrimPrefix(role, "ROLE_")
		if !roleName.MatchString(role) {
			return fmt.Errorf("%q is not the name of a role, such as NON_ASSOCIATIONS_SYNC", role)
		}
		roles = append(roles, role)
	}
	if strings.TrimSpace(c.User) == "" {
		return errors.New("--user must name somebody")
	}
	issuer, err := devtoken.Load(c.DataDir)
	if err != nil {
		return err
	}
	token, err := issuer.Sign(devtoken.Wish{User: c.User, Roles: roles, Scopes: c.Scope}, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Println(token)
	return err
}

type versionCmd struct{}

// Run is kong's.
func (versionCmd) Run() error {
	_, err := fmt.Println("nonassociations", service.Version())
	return err
}
