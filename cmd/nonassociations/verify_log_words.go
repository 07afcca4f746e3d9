package main

import (
	"fmt"
	"strings"
	"time"

	"nonassociations/audit/evidence/logcheck"
)

// maxSentences is how many problems are told in words. --json has more.
const maxSentences = 100

// logInWords says what a check found, what is wrong last but for the next step.
func logInWords(r logcheck.Result) []string {
	words := []string{fmt.Sprintf("Log %s holds %d facts; the last %d of them are not signed yet.", r.StoreID, r.Facts, r.Unsigned)}
	if r.From > 0 {
		words = append(words, fmt.Sprintf("The tree of the first %d facts was trusted, and not checked.", r.From))
	}
	if h := r.NewestHead; h != nil {
		words = append(words,
			fmt.Sprintf("The newest head is of %d facts, signed at %s.", h.Size, h.SignedAt.Format(time.RFC3339)),
			fmt.Sprintf("Of %d heads %d are good; of %d cosignatures %d are good, and %d heads have none.",
				r.Heads.Checked, r.Heads.Good, r.Cosignatures.Checked, r.Cosignatures.Good, r.Cosignatures.Missing))
	}
	if r.Against != nil {
		words = append(words, againstInWords(*r.Against))
	}
	for _, p := range r.Problems[:min(len(r.Problems), maxSentences)] {
		words = append(words, problemInWords(p))
	}
	if more := r.ProblemsTotal - int64(min(len(r.Problems), maxSentences)); more > 0 {
		words = append(words, fmt.Sprintf("And %d more; --json names up to %d.", more, logcheck.MaxProblems))
	}
	if r.OK {
		return append(words, fmt.Sprintf("Nothing is wrong. It took %.1f s.", r.Seconds))
	}
	words = append(words, fmt.Sprintf("Found in %.1f s. What to do about each kind is in docs/runbooks/CheckFailed.md.", r.Seconds))
	if r.Against == nil {
		return append(words, "Next, with a checkpoint that was kept elsewhere: nonassociations verify log --against FILE")
	}
	return append(words, "To name the streams: nonassociations verify log --json")
}

func againstInWords(a logcheck.Against) string {
	of := fmt.Sprintf("The checkpoint from outside is of %d facts", a.Size)
	switch {
	case a.Prefix && a.Missing == 0:
		return of + "; the log holds all of them."
	case a.Prefix:
		return fmt.Sprintf("%s; the log ends before it, and %d FACTS ARE GONE.", of, a.Missing)
	case !a.Proven:
		return fmt.Sprintf("%s; the log ends before it, and %d FACTS ARE GONE. That those here are its first ones is NOT PROVEN: --archive DIR proves it.", of, a.Missing)
	case a.Missing > 0:
		return fmt.Sprintf("%s; %d FACTS ARE GONE, and the others are NOT ITS FIRST ONES.", of, a.Missing)
	}
	return of + "; the log is NOT THE SAME."
}

// problemInWords names a fact by its id and index, and no stream: that holds prisoner numbers.
func problemInWords(p logcheck.Problem) string {
	var where []string
	if p.Index != nil {
		where = append(where, fmt.Sprintf("fact %d", *p.Index))
	}
	if p.EventID != nil {
		where = append(where, "event "+p.EventID.String())
	}
	if p.Revision != nil {
		where = append(where, fmt.Sprintf("revision %d of its stream", *p.Revision))
	}
	of, head := strings.Join(where, ", "), ""
	if p.FirstHead != nil {
		head = fmt.Sprintf("the head of %d facts, signed at %s", p.FirstHead.Size, p.FirstHead.SignedAt.Format(time.RFC3339))
	}
	switch p.Kind {
	case logcheck.Changed:
		parts := strings.Trim(fmt.Sprint(p.Parts), "[]")
		return "CHANGED: " + of + ", differs in " + strings.ReplaceAll(parts, " ", ", ") + " from what was kept; first in " + head + "."
	case logcheck.Missing:
		return "MISSING: " + of + ", was kept and is not in the log; first in " + head + "."
	case logcheck.Added:
		return "ADDED: " + of + ", is in the log before the last fact that was kept, and was not kept."
	case logcheck.Moved:
		return "MOVED: " + of + ", stands elsewhere in the log than when it was kept; first in " + head + "."
	case logcheck.BadHead:
		return "HEAD: " + head + ": its signature or its root is wrong."
	case logcheck.Cosignature:
		return "COSIGNATURE: that of a witness is wrong for " + orElse(head, "a head that is gone") + "."
	case logcheck.Fork:
		return "FORK: there is another root of the size of the checkpoint from outside" + orElse(strings.Replace(head, "the head", ", in the head", 1), "") + "."
	}
	return string(p.Kind) + ": " + of + "."
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
