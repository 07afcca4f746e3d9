package app

import (
	"context"
	"log/slog"
	"time"

	"nonassociations/commands"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

// Search is where the prisoner directory is, and how to get a token for it;
// without a token's address none is sent.
type Search struct {
	URL          string `env:"PRISONER_SEARCH_URL"` // "": nobody is known, and nothing new can be opened by staff
	TokenURL     string `env:"PRISONER_SEARCH_TOKEN_URL"`
	ClientID     string `env:"PRISONER_SEARCH_CLIENT_ID"`
	ClientSecret string `env:"PRISONER_SEARCH_CLIENT_SECRET"`
}

// directoryParts is the prisoner directory as reads and commands ask it; both are nil
// when there is none.
type directoryParts struct {
	reads    api.Directory
	commands commands.Directory
	close    func()
}

func openDirectory(ctx context.Context, search Search, clock func() time.Time, logger *slog.Logger) directoryParts {
	if search.URL == "" {
		logger.WarnContext(ctx, "PRISONER_SEARCH_URL is not set: reads answer without names, and nobody can be kept apart by staff")
		return directoryParts{close: func() {}}
	}
	options := directory.Options{URL: search.URL, Clock: clock, Logger: logger}
	if search.TokenURL != "" {
		options.Credentials = &directory.Credentials{
			TokenURL: search.TokenURL, ClientID: search.ClientID, ClientSecret: search.ClientSecret,
		}
	}
	d := directory.New(ctx, options)
	return directoryParts{reads: d, commands: d, close: d.Close}
}
