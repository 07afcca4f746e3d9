package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// printReady prints the address of a run that serves requests and, when its issuer is
// local, example requests that can be pasted. The line "ready" is a contract: scripts
// wait for it.
func printReady(set settings, address string, own bool) {
	address = "http://" + address
	fmt.Println("ready " + address)
	if own {
		fmt.Print(strings.NewReplacer("ADDRESS", address, "TOKEN_COMMAND", commandLine(set)).Replace(syncExample))
	}
}

// syncExample has placeholders in capital letters, because printf verbs would clash
// with the JSON and the shell variables in it.
const syncExample = `
  A token, good for a day:
    TOKEN=$(TOKEN_COMMAND token --role NON_ASSOCIATIONS_SYNC --role NON_ASSOCIATIONS_MIGRATE --user NOMIS)

  Sync what NOMIS has on a prisoner:
    curl -sS ADDRESS/sync -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{
      "prisonerNumber": "A9109UD", "nonAssociations": [{
        "reasonCode": "VIC", "typeCode": "WING", "effectiveDate": "2021-07-05T10:35:17",
        "authorisedBy": "Staff Name", "comments": "Do not locate near",
        "prisonerNonAssociation": {"prisonerNumber": "A0135GA", "reasonCode": "PER"}}]}'

  Read it, from the other prisoner's side:
    curl -sS ADDRESS/non-associations/A0135GA -H "Authorization: Bearer $TOKEN"

  All calls: ADDRESS/swagger-ui/index.html      Stop: Ctrl-C
`

// commandLine returns how to call the production binary for this run from the current
// folder. It is safe to paste into a shell.
func commandLine(set settings) string {
	return showDir(set) + binary()
}

// binary returns the path of the production binary beside this one, relative where that
// is shorter. The text is quoted for a shell.
func binary() string {
	self, err := os.Executable()
	if err != nil {
		return "bin/nonassociations"
	}
	return quoted(shortest(filepath.Join(filepath.Dir(self), "nonassociations")))
}

// showDir returns the assignment of DATA_DIR before a command, "" for the default
// folder. It ends with a blank when it is not empty.
func showDir(set settings) string {
	if dir := shortest(set.DataDir); dir != ".data" {
		return "DATA_DIR=" + quoted(dir) + " "
	}
	return ""
}

// plain are the characters that mean nothing to a POSIX shell, so a word of these needs
// no quotes.
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:@"

// quoted quotes a text so that a shell passes it on unchanged as one word. A single
// quote inside is closed, escaped and opened again, as POSIX demands.
func quoted(text string) string {
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shortest returns a path relative to the current folder when it lies below it, and the
// path unchanged otherwise or when the current folder is unknown.
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
