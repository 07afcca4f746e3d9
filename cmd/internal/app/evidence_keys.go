package app

import (
	"context"
	"errors"
	"io/fs"

	"nonassociations/eventstore"
)

// errNoKeyFile means that a command about keys has no file.
var errNoKeyFile = errors.New(`required environment variable "EVIDENCE_KEY_FILE" is not set`)

// EvidenceKeys returns the public keys of EVIDENCE_KEY_FILE, the signing one first, and then
// those of EVIDENCE_OLD_KEYS. Errors are sentences, and never show a private key.
func (c Config) EvidenceKeys() ([]string, error) {
	if c.Evidence.KeyFile == "" {
		return nil, errNoKeyFile
	}
	keys, err := c.Evidence.readKeys()
	if err != nil {
		return nil, err
	}
	var vkeys []string
	for i := range keys {
		vkeys = append(vkeys, keys[len(keys)-1-i].VKey)
	}
	return append(vkeys, list(c.Evidence.OldKeys)...), nil
}

// NewEvidenceKeyOf adds a key to EVIDENCE_KEY_FILE and returns its vkey. It has the name of
// EVIDENCE_ORIGIN, else that of the key which signs now, else one that is made of PUBLIC_URL
// and the id of the log. Errors are sentences, and never show a private key.
func (o Options) NewEvidenceKeyOf(ctx context.Context) (vkey string, err error) {
	if o.Config.Evidence.KeyFile == "" {
		return "", errNoKeyFile
	}
	origin, err := o.keyName(ctx)
	if err != nil {
		return "", err
	}
	key, err := addKey(o.Config.Evidence.KeyFile, origin)
	return key.VKey, err
}

func (o Options) keyName(ctx context.Context) (string, error) {
	keys, err := o.Config.Evidence.readKeys()
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	case o.Config.Evidence.Origin != "":
		return o.Config.Evidence.Origin, nil
	case err == nil:
		return keys[len(keys)-1].Name, nil
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	asking, cancel := context.WithTimeout(ctx, rightsTimeout)
	defer cancel()
	id, err := eventstore.ReadIdentity(asking, log)
	if err != nil {
		return "", errors.Join(errors.New("the log has no id yet: a serving process gives it one. Or set EVIDENCE_ORIGIN"), err)
	}
	return o.Config.originOf(id)
}
