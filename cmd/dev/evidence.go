package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"nonassociations/audit/evidence"
	"nonassociations/internal/dev/witness"
)

// startEvidence starts a witness of the heads, whose key and memory are in the data folder.
func (s *standIns) startEvidence(ctx context.Context, set settings) error {
	w, err := witness.Open(set.DataDir, publicKeysOf(s.environment["EVIDENCE_KEY_FILE"]), time.Now)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", anyPort)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w, ReadTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends with Close
	}()
	s.stops = append(s.stops, func(context.Context) error {
		err := server.Close()
		<-ended
		return err
	})
	s.environment["WITNESS_URL"], s.environment["WITNESS_KEY"] = "http://"+listener.Addr().String(), w.Key().VKey
	return nil
}

// publicKeysOf returns the public halves of a key file, as often as it is asked: the file
// is made later.
func publicKeysOf(file string) func() (evidence.Keys, error) {
	return func() (evidence.Keys, error) {
		text, err := os.ReadFile(file) //nolint:gosec // a file of the run
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		keys, err := evidence.ParseKeyFile(string(text))
		var public evidence.Keys
		for _, key := range keys {
			public = append(public, key.Key)
		}
		return public, err
	}
}
