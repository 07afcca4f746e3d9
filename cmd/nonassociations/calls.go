package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/cmd/internal/app"
	"nonassociations/web/client"
)

// callFlags are those of a command that calls a running service over HTTP.
type callFlags struct {
	URL   string `name:"url" env:"PUBLIC_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Base address of the service."`
	Token string `env:"NONASSOCIATIONS_TOKEN" placeholder:"TOKEN" help:"Bearer token; without one, the program dev beside this one signs one for the development run of DATA_DIR."`
	JSON  bool   `name:"json" help:"Print one JSON object and nothing else."`
}

// callTimeout bounds one request. A plan of many repairs takes the service's own ten
// seconds.
const callTimeout = 30 * time.Second

// client returns a client of the service. Errors: there is no token,
// or it would be sent in plain text.
func (f callFlags) client(ctx context.Context) (*client.Client, error) {
	if err := app.CheckCalled(app.Environment(), "PUBLIC_URL", f.URL); err != nil {
		return nil, err
	}
	token := f.Token
	if token == "" {
		var err error
		if token, err = developmentToken(ctx); err != nil {
			return nil, err
		}
	}
	return client.New(client.Options{BaseURL: f.URL, Token: client.StaticToken(token), HTTP: &http.Client{Timeout: callTimeout}}), nil
}

// developmentToken lets the program dev of the same build sign a token of an operator. It
// exists in development alone.
func developmentToken(ctx context.Context) (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program dev: %w", err)
	}
	path := filepath.Join(filepath.Dir(own), "dev")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("NONASSOCIATIONS_TOKEN is not set: a token with the role NON_ASSOCIATIONS_ADMIN and the scope write is needed")
	}
	signed, err := exec.CommandContext(ctx, path, "token", "--role", "NON_ASSOCIATIONS_ADMIN", "--scope", "write", "--user", "OPERATOR").Output() //nolint:gosec // the program of the same build
	if err != nil {
		return "", errors.New("NONASSOCIATIONS_TOKEN is not set, and the program dev signs no token: is there a development run in DATA_DIR?")
	}
	return strings.TrimSpace(string(signed)), nil
}

// print prints a value as one JSON object, or the sentences that words prints.
func (f callFlags) print(value any, words func()) error {
	if !f.JSON {
		words()
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}
