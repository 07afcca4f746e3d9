package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/nightly"
	"nonassociations/audit/evidence/signer"
	"nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// Evidence is the configuration of the tree over the log.
type Evidence struct {
	// Origin is the name of the tree and of the keys that sign it; "": made of PUBLIC_URL
	// and the id of the log.
	Origin string `env:"EVIDENCE_ORIGIN"`
	// KeyFile holds private keys, one a line: the last one signs.
	KeyFile string `env:"EVIDENCE_KEY_FILE"`
	// OldKeys are public keys that sign no longer, with commas between.
	OldKeys string `env:"EVIDENCE_OLD_KEYS"`
	// Every is how long a fact may be without a head.
	Every time.Duration `env:"EVIDENCE_EVERY" envDefault:"60s"`
	// WitnessURL is the submission prefix of the witness, and WitnessKey its vkey.
	WitnessURL string `env:"WITNESS_URL"`
	WitnessKey string `env:"WITNESS_KEY"`
	// VerifyAt is when read model and log are checked, in London.
	VerifyAt string `env:"VERIFY_AT" envDefault:"03:30"`
}

// faults adds what is wrong with the values. Files are opened later.
func (e Evidence) faults(f *faults, roles Roles) {
	if e.Origin != "" && evidence.CheckOrigin(e.Origin) != nil {
		f.add("EVIDENCE_ORIGIN must be a name without blanks and plus signs, such as non-associations.example/evidence")
	}
	if _, err := evidence.ParseKeys(list(e.OldKeys)); err != nil {
		f.add("EVIDENCE_OLD_KEYS: " + err.Error())
	}
	f.scheme("WITNESS_URL", e.WitnessURL, webSchemes)
	if key, err := evidence.ParseKey(e.WitnessKey); e.WitnessKey != "" && err != nil {
		f.add("WITNESS_KEY: " + err.Error())
	} else if e.WitnessKey != "" && key.Kind != evidence.OfWitness {
		f.add("WITNESS_KEY is the vkey of a log: that of a witness is of type 4")
	}
	if !roles.Sign {
		return
	}
	if e.KeyFile == "" {
		f.add(`required environment variable "EVIDENCE_KEY_FILE" is not set`)
	}
	if e.Every <= 0 {
		f.add("EVIDENCE_EVERY " + errSpan.Error())
	}
	if _, err := nightly.ParseTimeOfDay(e.VerifyAt); err != nil {
		f.add("VERIFY_AT " + err.Error())
	}
	if (e.WitnessURL == "") != (e.WitnessKey == "") {
		f.add("WITNESS_URL and WITNESS_KEY are set both or not at all")
	}
}

// list returns what stands between commas.
func list(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// originOf returns the name of the tree over a log.
func (c Config) originOf(log uuid.UUID) (string, error) {
	if c.Evidence.Origin != "" {
		return c.Evidence.Origin, nil
	}
	address, err := url.Parse(c.Edge.PublicURL)
	if err != nil || address.Hostname() == "" {
		return "", errors.New("PUBLIC_URL has no host, and EVIDENCE_ORIGIN is not set: the tree has no name")
	}
	return address.Hostname() + "/evidence/" + log.String(), nil
}

// readKeys returns the keys of EVIDENCE_KEY_FILE. Errors: in words, without what is in it;
// fs.ErrNotExist.
func (e Evidence) readKeys() ([]evidence.PrivateKey, error) {
	text, err := os.ReadFile(e.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("EVIDENCE_KEY_FILE cannot be read: %w", err)
	}
	keys, err := evidence.ParseKeyFile(string(text))
	if err != nil {
		return nil, fmt.Errorf("EVIDENCE_KEY_FILE: %w", err)
	}
	return keys, nil
}

// signing is the state of a process that signs.
type signing struct {
	store  *store.Store // nil in every other process
	signer atomic.Pointer[signer.Signer]
}

// openSigning opens the tables, and shows the signer in health before it is at work.
func (p *process) openSigning(below context.Context) error {
	opened, err := store.Open(below, p.Config.DatabaseURL)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(opened.Close))
	p.signing.store = opened
	p.consumers.watch(watchedConsumer{name: signer.Consumer, hasPosition: true, own: p.signerStatus})
	return nil
}

// signerStatus is the status of the signer in this process.
func (p *process) signerStatus() consumer.Status {
	if s := p.signing.signer.Load(); s != nil {
		return s.Status()
	}
	return consumer.Status{}
}

// sign signs until ctx ends. It begins when the log has its id, of which the name of the
// tree is made. An error ends the process: the key or the log is another one than the
// tree's, and a restart cannot help.
func (p *process) sign(ctx context.Context) error {
	if err := p.waitForRights(ctx); err != nil {
		return unlessCancelled(ctx, func(context.Context) error { return err })
	}
	id, err := p.awaitIdentity(ctx)
	if err != nil {
		return unlessCancelled(ctx, func(context.Context) error { return err })
	}
	s, err := p.newSigner(id)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	p.signing.signer.Store(s)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.Run(ctx); err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		return nil
	})
	group.Go(func() error { return p.checkNightly(ctx) })
	return group.Wait()
}

// awaitIdentity returns the id of the log once it has one.
func (p *process) awaitIdentity(ctx context.Context) (id uuid.UUID, err error) {
	if p.Roles.answers() {
		if err := p.awaitLog(ctx); err != nil {
			return uuid.Nil, err
		}
	}
	err = retryUntilAnswered(ctx, p.Logger, "log id not readable yet, retrying", func(ctx context.Context) error {
		id, err = eventstore.ReadIdentity(ctx, p.log)
		return err
	})
	return id, err
}

// newSigner makes the signer of a log with its keys.
func (p *process) newSigner(log uuid.UUID) (*signer.Signer, error) {
	origin, err := p.Config.originOf(log)
	if err != nil {
		return nil, err
	}
	if p.NewEvidenceKey {
		if err := ensureKey(p.Config.Evidence, origin); err != nil {
			return nil, err
		}
	}
	keys, err := p.Config.Evidence.readKeys()
	if err != nil {
		return nil, err
	}
	o := signer.Options{
		Log: p.log, DSN: p.Config.DatabaseURL, Tree: p.signing.store.Tree(), Origin: origin, Keys: keys, Every: p.Config.Evidence.Every,
		Client: &http.Client{}, Clock: p.Clock, Logger: p.Logger, Build: Version(),
	}
	if p.Config.Evidence.WitnessURL != "" {
		key, err := evidence.ParseKey(p.Config.Evidence.WitnessKey)
		if err != nil {
			return nil, fmt.Errorf("WITNESS_KEY: %w", err)
		}
		o.Witness = &signer.Witness{URL: p.Config.Evidence.WitnessURL, Key: key}
	}
	return signer.New(o)
}

// ensureKey adds a key of a name unless the last one has it already.
func ensureKey(e Evidence, origin string) error {
	keys, err := e.readKeys()
	switch {
	case err == nil && keys[len(keys)-1].Name == origin:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, err = addKey(e.KeyFile, origin)
	return err
}

// addKey makes a key and adds it to a file, which only its owner may read. What is in the
// file stays.
func addKey(file, origin string) (key evidence.PrivateKey, err error) {
	if key, err = evidence.GenerateKey(rand.Reader, evidence.OfLog, origin); err != nil {
		return key, err
	}
	before, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return key, fmt.Errorf("EVIDENCE_KEY_FILE cannot be read: %w", err)
	}
	line := key.Secret() + "\n"
	if len(before) > 0 && before[len(before)-1] != '\n' {
		line = "\n" + line
	}
	opened, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return key, fmt.Errorf("EVIDENCE_KEY_FILE cannot be written: %w", err)
	}
	_, err = opened.WriteString(line)
	if err = errors.Join(err, opened.Sync(), opened.Close()); err != nil {
		return key, fmt.Errorf("EVIDENCE_KEY_FILE cannot be written: %w", err)
	}
	return key, nil
}
