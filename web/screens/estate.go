package screens

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/internal/tracing"
	"nonassociations/web/screens/govuk"
)

const (
	componentTime = time.Second // a page does not wait longer for the estate's header
	maxComponents = 1 << 20     // bytes
	maxAssets     = 20          // style sheets or scripts of a component
)

// components gets the estate's header and footer. It is safe for concurrent use.
type components struct {
	address *url.URL
	client  *http.Client
	logger  *slog.Logger
}

// newComponents returns the header and footer of an address; nil for "", with which the
// pages have their own. The error is that of the address.
func newComponents(address string, logger *slog.Logger) (*components, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	parsed, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || parsed.Host == "" {
		return nil, errors.New("the address of the header and footer is no URL")
	}
	// A redirect could send the user's token to another server.
	client := &http.Client{
		Transport:     tracing.Transport(nil, "components"),
		Timeout:       componentTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &components{parsed, client, logger}, nil
}

// origin is what the content security policy lets in; "" without the service.
func (c *components) origin() string {
	if c == nil {
		return ""
	}
	return c.address.Scheme + "://" + c.address.Host
}

// component is one part of an answer of the service.
type component struct {
	HTML       string   `json:"html"`
	CSS        []string `json:"css"`
	JavaScript []string `json:"javascript"`
}

// get returns header and footer for a user; nil when there are none, so that a page has
// its own. A page is whole whatever the service does.
func (c *components) get(ctx context.Context, token string) *govuk.Estate {
	if c == nil {
		return nil
	}
	answer, err := c.ask(ctx, token)
	if err != nil {
		c.logger.WarnContext(ctx, "the estate's header and footer cannot be had now", "error", err)
		return nil
	}
	estate := &govuk.Estate{}
	for _, part := range []struct {
		given component
		html  *template.HTML
	}{{answer.Header, &estate.Header}, {answer.Footer, &estate.Footer}} {
		contained, err := govuk.Contained(part.given.HTML)
		if err != nil {
			continue
		}
		*part.html = contained
		estate.StyleSheets = append(estate.StyleSheets, c.own(part.given.CSS)...)
		estate.Scripts = append(estate.Scripts, c.own(part.given.JavaScript)...)
	}
	return estate
}

// parts is an answer of the service. It has more, which is not used.
type parts struct {
	Header component `json:"header"`
	Footer component `json:"footer"`
}

// ask asks the service.
func (c *components) ask(ctx context.Context, token string) (parts, error) {
	ctx, cancel := context.WithTimeout(ctx, componentTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address.String()+"/components?component=header&component=footer", http.NoBody)
	if err != nil {
		return parts{}, fmt.Errorf("ask for header and footer: %w", err)
	}
	r.Header.Set("X-User-Token", token)
	answer, err := c.client.Do(r)
	if err != nil {
		return parts{}, fmt.Errorf("ask for header and footer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return parts{}, fmt.Errorf("ask for header and footer: status %d", answer.StatusCode)
	}
	var got parts
	if err := json.UnmarshalRead(io.LimitReader(answer.Body, maxComponents), &got); err != nil {
		return parts{}, errors.New("ask for header and footer: the answer cannot be read")
	}
	return got, nil
}

// own returns the addresses that lie at the service. The policy would block all others.
func (c *components) own(addresses []string) []string {
	var own []string
	for _, address := range addresses {
		parsed, err := url.Parse(address)
		if err == nil && parsed.Scheme == c.address.Scheme && parsed.Host == c.address.Host && len(own) < maxAssets {
			own = append(own, address)
		}
	}
	return own
}
