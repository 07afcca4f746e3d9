package app

import (
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Screens is the configuration of the pages.
type Screens struct {
	Addr string `env:"SCREENS_ADDR" envDefault:":9080"`
	// PublicURL is the address by which browsers reach the pages; by default the one that
	// is served, where that is on loopback.
	PublicURL string `env:"SCREENS_PUBLIC_URL"`
	ClientID  string `env:"SCREENS_CLIENT_ID,required,notEmpty"`
	// ClientSecret is empty for a public client.
	ClientSecret string `env:"SCREENS_CLIENT_SECRET"`
	// SessionKey encrypts the tokens of sessions: 32 bytes in base64.
	SessionKey string        `env:"SCREENS_SESSION_KEY,required,notEmpty"`
	Lifetime   time.Duration `env:"SCREENS_LIFETIME" envDefault:"12h"`
	Idle       time.Duration `env:"SCREENS_IDLE" envDefault:"60m"`
	KeepForm   time.Duration `env:"SCREENS_KEEP_FORM" envDefault:"15m"`
	// These three replace what the issuer's discovery document says.
	AuthorizeURL string `env:"SCREENS_AUTHORIZE_URL"`
	TokenURL     string `env:"SCREENS_TOKEN_URL"`
	SignOutURL   string `env:"SCREENS_SIGN_OUT_URL"`

	UserRolesURL    string `env:"USER_ROLES_API_URL"` // "": a token without the claim has no caseloads
	AuditQueueURL   string `env:"AUDIT_QUEUE_URL"`    // "": views stay in the table
	ComponentsURL   string `env:"COMPONENT_API_URL"`  // "": our own header and footer
	DPSURL          string `env:"DPS_URL"`
	SecurityTextURL string `env:"SECURITY_TXT_URL" envDefault:"https://security-guidance.service.justice.gov.uk/.well-known/security.txt"`
	RunbooksURL     string `env:"RUNBOOKS_URL"`

	// Timed adds Server-Timing to each answer; the development run sets it.
	Timed bool `env:"-"`
}

// auditQueueVariable names the variable of the audit queue, which commands read too.
const auditQueueVariable = "AUDIT_QUEUE_URL"

// sessionKeySize is the size of SCREENS_SESSION_KEY, in bytes.
const sessionKeySize = 32

// Key returns the bytes of the session key. Errors: it is no base64 of 32 bytes.
func (s Screens) Key() ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(s.SessionKey)
	if err != nil || len(key) != sessionKeySize {
		return nil, errors.New("SCREENS_SESSION_KEY must be 32 bytes in base64")
	}
	return key, nil
}

// usesDiscovery reports whether the pages ask the issuer for its addresses. Everywhere else
// the issuer is a name that is compared.
func (s Screens) usesDiscovery() bool {
	return s.ClientID != "" && (s.AuthorizeURL == "" || s.TokenURL == "")
}

// readScreens reads the variables of a process that serves the pages, and joins their
// faults to err.
func (c *Config) readScreens(options env.Options, served bool, err error) error {
	err = errors.Join(err, env.ParseWithOptions(&c.Screens, options))
	if !served {
		// The pages verify tokens and ask the directory as the API does.
		var edge Edge
		err = errors.Join(err, env.ParseWithOptions(&edge, options))
		edge.ListenAddr = ""
		c.Edge = edge
	}
	return err
}

// faults adds what is wrong with the values of the pages.
func (s Screens) faults(f *faults, search Search) {
	if search.URL == "" {
		f.add(`required environment variable "PRISONER_SEARCH_URL" is not set`)
	}
	f.address("SCREENS_ADDR", s.Addr)
	if s.PublicURL == "" && !isLoopback(s.Addr) {
		f.add(`required environment variable "SCREENS_PUBLIC_URL" is not set, and SCREENS_ADDR is not on loopback`)
	}
	s.publicURLFaults(f)
	if _, err := s.Key(); err != nil && s.SessionKey != "" {
		f.add(err.Error())
	}
	for _, span := range []struct {
		name string
		d    time.Duration
	}{{"SCREENS_LIFETIME", s.Lifetime}, {"SCREENS_IDLE", s.Idle}, {"SCREENS_KEEP_FORM", s.KeepForm}} {
		if span.d <= 0 {
			f.add(span.name + " " + errSpan.Error())
		}
	}
	for name, value := range map[string]string{
		"SCREENS_AUTHORIZE_URL": s.AuthorizeURL, "SCREENS_TOKEN_URL": s.TokenURL, "SCREENS_SIGN_OUT_URL": s.SignOutURL,
		"USER_ROLES_API_URL": s.UserRolesURL, auditQueueVariable: s.AuditQueueURL, "COMPONENT_API_URL": s.ComponentsURL,
		"DPS_URL": s.DPSURL, "SECURITY_TXT_URL": s.SecurityTextURL, "RUNBOOKS_URL": s.RunbooksURL,
	} {
		f.scheme(name, value, webSchemes)
	}
}

// publicURLFaults adds what is wrong with the public address: session cookies need https,
// and a path or a query would not be reached.
func (s Screens) publicURLFaults(f *faults) {
	if !f.scheme("SCREENS_PUBLIC_URL", s.PublicURL, webSchemes) {
		return
	}
	public, err := url.Parse(s.PublicURL)
	if err != nil {
		return // hasScheme has parsed it
	}
	if public.Scheme != "https" && !isLoopback(public.Host) {
		f.add("SCREENS_PUBLIC_URL must begin with https://, or be on loopback")
	}
	if strings.Trim(public.Path, "/") != "" || public.RawQuery != "" || public.Fragment != "" || public.User != nil {
		f.add("SCREENS_PUBLIC_URL must be a scheme and a host alone")
	}
}

// isLoopback reports whether a host, with or without a port, is this machine. A wildcard
// is not: others reach it.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
