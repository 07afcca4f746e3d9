package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
)

// printJSON prints a value as one line of JSON.
func printJSON(value any, options ...json.Options) error {
	text, err := json.Marshal(value, append(options, json.Deterministic(true))...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(os.Stdout, strings.TrimSpace(string(text)))
	return err
}

// printJudged prints what a check found, as one line of JSON or as sentences, and fails with
// status 1 and the words of what is wrong when it is not good.
func printJudged[T any](found T, inWords func(T) []string, asJSON, good bool, wrong string, options ...json.Options) error {
	if asJSON {
		if err := printJSON(found, options...); err != nil {
			return exitError{err, 2}
		}
	} else {
		for _, sentence := range inWords(found) {
			fmt.Println(sentence)
		}
	}
	if !good {
		return exitError{errors.New(wrong), 1}
	}
	return nil
}
