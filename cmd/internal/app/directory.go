package app

import (
	"context"
	"log/slog"
	"time"

	"nonassociations/commands"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

// Search is the configuration of Prisoner Search, the prisoner directory. A request
// carries a token only when TokenURL is set.
type Search struct {
	URL          string `env:"PRISONER_SEARCH_URL"` // "": no prisoner is known, and staff can open nothing new
	TokenURL     string `env:"PRISONER_SEARCH_TOKEN_URL"`
	ClientID     string `env:"PRISONER_SEARCH_CLIENT_ID"`
	ClientSecret string `env:"PRISONER_SEARCH_CLIENT_SECRET"`
}

// directoryParts is the directory as reads and commands use it. All are nil when there
// is no directory, but close, which is never nil.
type directoryParts struct {
	reads    api.Directory
	commands commands.Directory
	places   commands.Places
	pages    *directory.Directory
	close    func()
}

// openDirectory returns the directory at search.URL. Without a URL it logs a warning
// once: names are missing then and nothing new can be opened by staff, which only a
// trial run wants.
func openDirectory(ctx context.Context, search Search, clock func() time.Time, logger *slog.Logger) directoryParts {
	if search.URL == "" {
		logger.WarnContext(ctx, "PRISONER_SEARCH_URL is not set: reads have no names, and staff cannot open a non-association")
		return directoryParts{close: func() {}}
	}
	options := directory.Options{URL: search.URL, Clock: clock, Logger: logger}
	if search.TokenURL != "" {
		options.Credentials = &directory.Credentials{
			TokenURL: search.TokenURL, ClientID: search.ClientID, ClientSecret: search.ClientSecret,
		}
	}
	d := directory.New(ctx, options)
	return directoryParts{reads: d, commands: d, places: d, pages: d, close: d.Close}
}
