package main

import "nonassociations/audit/evidence"

// vkey is a public key of a log or a witness on the command line. One that does not hold
// together is a wrong command line.
type vkey struct{ evidence.Key }

// UnmarshalText reads a vkey.
func (v *vkey) UnmarshalText(text []byte) (err error) {
	v.Key, err = evidence.ParseKey(string(text))
	return err
}

// keysOf returns the keys of flags.
func keysOf(flags []vkey) evidence.Keys {
	keys := make(evidence.Keys, 0, len(flags))
	for _, flag := range flags {
		keys = append(keys, flag.Key)
	}
	return keys
}
