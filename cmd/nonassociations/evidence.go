package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-json-experiment/json"

	"nonassociations/cmd/internal/app"
)

// evidenceCmd has the signer and its keys.
type evidenceCmd struct {
	Sign signCmd        `cmd:"" help:"Sign heads of the tree over the log until the process is stopped."`
	Key  evidenceKeyCmd `cmd:"" help:"Make and show the keys that sign."`
}

// signCmd is the role.
type signCmd struct{}

// Help shows an example and the variables.
func (signCmd) Help() string {
	return `Examples:
  nonassociations evidence sign
  EVIDENCE_EVERY=10s WITNESS_URL=https://witness.example WITNESS_KEY=witness.example+… nonassociations evidence sign

EVIDENCE_KEY_FILE has the private keys, one a line, and the last one signs: evidence key new makes one.
EVIDENCE_ORIGIN is the name of the tree and of its keys; by default it is made of the host of PUBLIC_URL and
the id of the log. The first head fixes it. EVIDENCE_EVERY=60s is how long a fact may be without a head.
WITNESS_URL, if set, gets each head, and once an hour the newest one again; WITNESS_KEY is its vkey. A
witness that refuses or is away holds up no head.
Once a day, at VERIFY_AT=03:30 in London or when it starts later, the read model and the log are checked, the
log from the newest head that was good. Results are metrics and the part "checks" of status.
Any number may run: one works, the others wait and take over within seconds. LISTEN_ADDR, if set, serves
/health and, unless METRICS_ADDR is set, /metrics.`
}

// Run signs until SIGTERM. Errors: a variable or the key is missing or wrong, or the tree
// is of another log.
func (signCmd) Run(ctx context.Context) error { return start(ctx, app.Roles{Sign: true}) }

// evidenceKeyCmd groups the commands about keys.
type evidenceKeyCmd struct {
	New  newKeyCmd  `cmd:"" help:"Add a key, which signs from the next start on."`
	Show showKeyCmd `cmd:"" help:"Print the public keys, the signing one first."`
}

// newKeyCmd adds a key.
type newKeyCmd struct {
	IfNone bool `help:"Add a key only where EVIDENCE_KEY_FILE is missing; else print the one that signs."`
	JSON   bool `help:"Print one JSON object."`
}

// Help shows examples.
func (newKeyCmd) Help() string {
	return `Examples:
  EVIDENCE_KEY_FILE=/run/keys/evidence.key nonassociations evidence key new
  nonassociations evidence key new --json
  nonassociations evidence key new --if-none    for a job that may run again

Adds a private key to EVIDENCE_KEY_FILE, which only its owner may read, and prints its public vkey. Keys that
are there stay: heads that they signed are checked with them. Its name is EVIDENCE_ORIGIN, else that of the
key that signs now, else it is made of the host of PUBLIC_URL and the id of the log. Without DATABASE_URL the
development run of DATA_DIR is used. Keep the vkey where the service cannot change it.

Exit status: 0 done, 2 it could not be done, 80 a wrong command line.`
}

// Run adds a key and prints it.
func (c newKeyCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	if c.IfNone {
		switch vkeys, err := o.Config.EvidenceKeys(); {
		case err == nil:
			return printKeys(c.JSON, vkeys[:1])
		case !errors.Is(err, fs.ErrNotExist):
			return exitError{err, 2}
		}
	}
	vkey, err := o.NewEvidenceKeyOf(ctx)
	if err != nil {
		return exitError{err, 2}
	}
	if err := printKeys(c.JSON, []string{vkey}); err != nil {
		return exitError{err, 2}
	}
	fmt.Fprintln(os.Stderr, "The key was added, and signs when evidence sign starts again. Keep its vkey outside of the service. Next: nonassociations evidence sign")
	return nil
}

// showKeyCmd prints the public keys.
type showKeyCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Help shows examples.
func (showKeyCmd) Help() string {
	return `Examples:
  nonassociations evidence key show
  nonassociations evidence key show --json

Prints the vkeys of EVIDENCE_KEY_FILE, the signing one first, and those of EVIDENCE_OLD_KEYS. Without
DATABASE_URL the development run of DATA_DIR is used.

Exit status: 0 done, 2 there is no key, or it cannot be read, 80 a wrong command line.`
}

// Run prints the keys.
func (c showKeyCmd) Run() error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	vkeys, err := o.Config.EvidenceKeys()
	if err == nil {
		err = printKeys(c.JSON, vkeys)
	}
	if err != nil {
		return exitError{err, 2}
	}
	return nil
}

// printKeys prints vkeys alone, so that a script can take them.
func printKeys(asJSON bool, vkeys []string) error {
	if !asJSON {
		for _, vkey := range vkeys {
			fmt.Println(vkey)
		}
		return nil
	}
	text, err := json.Marshal(struct {
		VKeys []string `json:"vkeys"`
	}{vkeys})
	if err == nil {
		fmt.Println(string(text))
	}
	return err
}
