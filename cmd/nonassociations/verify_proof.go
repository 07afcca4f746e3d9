package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/proofcheck"
)

// verifyProofCmd judges the proof of one fact. It needs no variable and no network.
type verifyProofCmd struct {
	File     string `arg:"" placeholder:"FILE" help:"A .tlog-proof file, of /evidence/proof or a bundle."`
	Key      []vkey `required:"" sep:"none" placeholder:"VKEY" help:"Public key of the log, or of a witness; several times for several. Never take it from where the proof is from."`
	Data     string `and:"fact" placeholder:"FILE" help:"The data of the fact, byte for byte."`
	Metadata string `and:"fact" placeholder:"FILE" help:"The metadata of the fact, byte for byte."`
	JSON     bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (verifyProofCmd) Help() string {
	return `Examples:
  nonassociations verify proof fact.tlog-proof --key nonassociations.example/evidence/…+1a2b3c4d+AXx…
  nonassociations verify proof 41.tlog-proof --key … --key … --data data.json --metadata metadata.json --json

Nothing is asked over the network, and no variable is read. The key has to come from somebody else than
the proof. Data and metadata have to be the bytes of the log, without a line end that an editor adds.

Exit status: 0 proven, 1 not proven, 2 it cannot be judged: a file that cannot be read, or no given key
is the log's that signed.`
}

// Run judges, and fails with status 1 when something is wrong.
func (c verifyProofCmd) Run() error {
	found, err := c.check()
	if err != nil {
		return exitError{err, 2}
	}
	return printJudged(found, proofInWords, c.JSON, found.OK, "the proof does not hold")
}

func (c verifyProofCmd) check() (proofcheck.Result, error) {
	text, err := readSmall(c.File)
	if err != nil {
		return proofcheck.Result{}, err
	}
	var fact proofcheck.Fact
	if c.Data != "" {
		if fact.Data, err = readSmall(c.Data); err != nil {
			return proofcheck.Result{}, err
		}
		if fact.Metadata, err = readSmall(c.Metadata); err != nil {
			return proofcheck.Result{}, err
		}
	}
	return proofcheck.Check(string(text), keysOf(c.Key), fact)
}

// maxSmallFile is more than a proof is, and than one append may hold.
const maxSmallFile = evidence.MaxProof

// readSmall reads a file of at most maxSmallFile bytes. Its content is never nil.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the auditor names the file
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSmallFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
	case len(text) > maxSmallFile:
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxSmallFile)
	}
	return text, nil
}

// proofInWords says what a check found.
func proofInWords(r proofcheck.Result) []string {
	words := []string{fmt.Sprintf("The proof is of event %s, fact %d of the %d of %s: a %s, revision %d, recorded at %s.",
		r.Leaf.EventID, r.Index, r.Size, r.Origin, r.Leaf.Type, r.Leaf.Revision, r.Leaf.RecordedAt.Format(time.RFC3339Nano))}
	if r.Leads {
		words = append(words, "Its hashes lead to the root that is signed.")
	} else {
		words = append(words, "Its hashes DO NOT lead to the root that is signed.")
	}
	for _, s := range r.Signatures {
		words = append(words, signatureInWords(s))
	}
	for _, part := range []struct {
		name string
		is   proofcheck.Sameness
	}{{"data", r.Data}, {"metadata", r.Metadata}} {
		switch part.is {
		case proofcheck.Same:
			words = append(words, "The given "+part.name+" are those of the fact.")
		case proofcheck.Differs:
			words = append(words, "The given "+part.name+" ARE NOT those of the fact.")
		case proofcheck.NotGiven:
		}
	}
	if r.OK {
		return append(words, "It is proven.")
	}
	return append(words, "It is NOT proven.")
}

func signatureInWords(s proofcheck.Signature) string {
	who := map[evidence.Kind]string{evidence.OfLog: "the log", evidence.OfWitness: "a witness"}[s.Kind] + ", " + s.Name
	switch {
	case !s.Known:
		return "A signature of " + who + " is of a key that was not given, and is not counted."
	case !s.Good:
		return "The signature of " + who + " IS WRONG."
	case s.Time != nil:
		return "The signature of " + who + " is good; it says that it is of " + s.Time.Format(time.RFC3339) + "."
	}
	return "The signature of " + who + " is good."
}
