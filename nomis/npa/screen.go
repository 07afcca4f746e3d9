package npa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// NonAssociationsScreen is the module of NOMIS's own screen of non-associations.
const NonAssociationsScreen = "OIDONONA"

// everywhere is what the API answers in place of a prison for all of them.
const everywhere = "**ALL**"

// Screen is where a screen of NOMIS is blocked.
type Screen struct {
	Known   bool     // false: NOMIS has no such entry, so nothing blocks the screen or its module has another name
	Prisons []string // where it is blocked
	All     bool     // it is blocked in all prisons
}

// Blocks reports whether the screen is blocked in a prison.
func (s Screen) Blocks(prison string) bool { return s.All || slices.Contains(s.Prisons, prison) }

// Blocked returns where a screen is blocked. Errors: ErrDenied, ErrUnavailable.
func (c *Client) Blocked(ctx context.Context, module string) (Screen, error) {
	screen, err := c.blocked(ctx, module)
	if err != nil {
		return Screen{}, fmt.Errorf("read where a screen of NOMIS is blocked: %w", err)
	}
	if !screen.Known {
		// "Nothing is blocked" and "there is no such screen" look alike.
		screen.Known = !c.isMissing(ctx, module)
	}
	return screen, nil
}

// blocked returns the screen as known only if it is blocked somewhere.
func (c *Client) blocked(ctx context.Context, module string) (Screen, error) {
	body, err := c.call(ctx, http.MethodGet, screenPath(module)+"/blocked", nil)
	if err != nil {
		return Screen{}, err
	}
	prisons, err := readBlocked(body)
	if err != nil {
		return Screen{}, err
	}
	screen := Screen{Known: len(prisons) > 0, All: slices.Contains(prisons, everywhere)}
	screen.Prisons = slices.DeleteFunc(prisons, func(prison string) bool { return prison == everywhere })
	return screen, nil
}

// isMissing reports whether NOMIS says that it has no such screen. A 404 counts in the
// API's own form only; any other failure says nothing.
func (c *Client) isMissing(ctx context.Context, module string) bool {
	_, err := c.call(ctx, http.MethodGet, screenPath(module), nil)
	var f *Failure
	return errors.As(err, &f) && f.Status == http.StatusNotFound && f.ours
}

func screenPath(module string) string { return "/splash-screens/" + url.PathEscape(module) }

// Ping sends a request that costs NOMIS little and needs its database. Its error is that
// of every other call: nil and everything but ErrDenied and ErrUnavailable mean that
// NOMIS can be called. While [API.Available] reports false it sends at most one request
// every 10 s and fails at once otherwise, so it may be called as often as one likes.
func (c *Client) Ping(ctx context.Context) error {
	if _, err := c.blocked(ctx, NonAssociationsScreen); err != nil {
		return fmt.Errorf("probe NOMIS: %w", err)
	}
	return nil
}
