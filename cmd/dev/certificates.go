package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificatesCmd makes an authority and a certificate for each server of a trial
// installation.
type certificatesCmd struct {
	Authority string `required:"" placeholder:"DIR" help:"Folder of the authority's certificate, ca.crt, which clients read."`

	Dir     string   `arg:"" help:"Folder of <name>.crt and <name>.key of each server."`
	Servers []string `arg:"" help:"Names of the servers. NAME:GROUP gives the key to a group of files by its number."`
}

// Help returns the examples that kong prints below the options.
func (certificatesCmd) Help() string {
	return `Example:
  dev certificates --authority /authority /certificates eventstore1:1000 eventstore2:1000 eventstore3:1000 postgres:999

A folder that has an authority already is left as it is. For a trial: the authority's key is not kept.`
}

// certificateLife is how long a trial may last.
const certificateLife = 5 * 365 * 24 * time.Hour

// nodeName is the common name that every node of EventStoreDB must have.
const nodeName = "eventstoredb-node"

// Run makes the files. The authority comes last, so that a run that was cut off is done anew.
func (c certificatesCmd) Run(context.Context) error {
	root := filepath.Join(c.Authority, "ca.crt")
	if _, err := os.Stat(root); err == nil {
		return nil
	}
	for _, dir := range []string{c.Authority, c.Dir} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // other users read what is no key
			return fmt.Errorf("make the folder: %w", err)
		}
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "trial authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return err
	}
	for i, server := range c.Servers {
		name, group, _ := strings.Cut(server, ":")
		if err := c.certify(name, group, int64(i)+2, authority, key); err != nil {
			return fmt.Errorf("certify %s: %w", name, err)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	if err != nil {
		return err
	}
	return write(root, "CERTIFICATE", signed, 0o644)
}

// certify makes the certificate and the key of one server. A node of EventStoreDB is a
// client of the others too.
func (c certificatesCmd) certify(name, group string, serial int64, authority *x509.Certificate, by crypto.Signer) error {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: nodeName}, DNSNames: []string{name, "localhost"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), by)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(c.Dir, name+".crt"), "CERTIFICATE", signed, 0o644); err != nil {
		return err
	}
	file := filepath.Join(c.Dir, name+".key")
	if err := write(file, "PRIVATE KEY", secret, 0o600); err != nil || group == "" {
		return err
	}
	var number int
	if _, err := fmt.Sscanf(group, "%d", &number); err != nil {
		return fmt.Errorf("the group must be a number: %w", err)
	}
	if err := os.Chown(file, -1, number); err != nil {
		return err
	}
	return os.Chmod(file, 0o640) //nolint:gosec // the group is that of the server
}

func write(file, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
