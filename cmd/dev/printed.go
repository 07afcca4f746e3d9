package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// printReady says that requests are served at an address, and how to make some.
func printReady(set settings, address string, own bool) {
	address = "http://" + address
	fmt.Println("ready " + address)
	if own {
		fmt.Print(strings.NewReplacer("ADDRESS", address, "TOKEN_COMMAND", commandLine(set)).Replace(syncExample))
	}
}

const syncExample = `
  A token, good for a day:
    TOKEN=$(TOKEN_COMMAND token --role NON_ASSOCIATIONS_SYNC --role NON_ASSOCIATIONS_MIGRATE --user NOMIS)

  Tell it what NOMIS knows of a prisoner:
    curl -sS ADDRESS/sync -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{
      "prisonerNumber": "A9109UD", "nonAssociations": [{
        "reasonCode": "VIC", "typeCode": "WING", "effectiveDate": "2021-07-05T10:35:17",
        "authorisedBy": "Staff Name", "comments": "Do not locate near",
        "prisonerNonAssociation": {"prisonerNumber": "A0135GA", "reasonCode": "PER"}}]}'

  Read it, from the other prisoner's side:
    curl -sS ADDRESS/non-associations/A0135GA -H "Authorization: Bearer $TOKEN"

  All calls: ADDRESS/swagger-ui/index.html      Stop: Ctrl-C
`

// commandLine is how to call the binary beside this one from here.
func commandLine(set settings) string {
	return showDir(set) + binary()
}

// binary is the production program as one would call it from here.
func binary() string {
	self, err := os.Executable()
	if err != nil {
		return "bin/nonassociations"
	}
	return quoted(shortest(filepath.Join(filepath.Dir(self), "nonassociations")))
}

// showDir is what a shell has to be told of another data folder than the usual.
func showDir(set settings) string {
	if dir := shortest(set.DataDir); dir != ".data" {
		return "DATA_DIR=" + quoted(dir) + " "
	}
	return ""
}

// plain characters mean nothing to a shell.
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:@"

// quoted is a text as a shell takes it for one word and leaves it as it is.
func quoted(text string) string {
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shortest is a path as one would type it here.
func shortest(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(relative, "..") {
		return relative
	}
	return path
}
