package issuer

import (
	"crypto/rand"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// codeTTL is how long a code can be exchanged.
const codeTTL = time.Minute

//go:embed choose.html
var chooseText string

var choosePage = template.Must(template.New("choose").Funcs(template.FuncMap{"join": strings.Join}).Parse(chooseText))

// wish is what a client asks for (RFC 6749 §4.1.1, RFC 7636).
type wish struct {
	ClientID, RedirectURI, State, Nonce, Challenge string
}

// grant is a code that was given.
type grant struct {
	wish

	user  string
	until time.Time
}

// wishOf reads the parameters of /authorize; fault is "" for good ones. A bad one is never
// answered by a redirect: the address may be a stranger's.
func wishOf(query url.Values) (w wish, fault string) {
	w = wish{query.Get("client_id"), query.Get("redirect_uri"), query.Get("state"), query.Get("nonce"), query.Get("code_challenge")}
	switch {
	case w.ClientID != ClientID:
		return w, "client_id is not " + ClientID
	case !isLoopback(w.RedirectURI):
		return w, "redirect_uri does not lead to this machine"
	case query.Get("response_type") != "code":
		return w, "response_type is not code"
	case query.Get("code_challenge_method") != "S256" || w.Challenge == "":
		return w, "there is no code_challenge by S256"
	case w.State == "":
		return w, "there is no state"
	}
	return w, ""
}

// isLoopback reports whether an address is one of this machine.
func isLoopback(address string) bool {
	to, err := url.Parse(address)
	if err != nil || (to.Scheme != "http" && to.Scheme != "https") || to.User != nil {
		return false
	}
	ip := net.ParseIP(to.Hostname())
	return to.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

// choose is GET /authorize: the page with one button a user.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	wanted, fault := wishOf(r.URL.Query())
	if fault != "" {
		http.Error(w, fault, http.StatusBadRequest)
		return
	}
	s.guard(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = choosePage.Execute(w, struct {
		wish

		Users []User
	}{wanted, s.Users()}) // a reader that left needs no answer
}

// guard keeps the page out of caches and frames.
func (s *Server) guard(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Frame-Options", "DENY")
	w.Header().Set("Referrer-Policy", "no-referrer")
}

// chosen is POST /authorize: a user was chosen, and gets a code.
func (s *Server) chosen(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	wanted, fault := wishOf(r.PostForm)
	user, known := s.user(r.PostForm.Get("user"))
	if fault != "" || !known {
		http.Error(w, "there is no such user, or "+fault, http.StatusBadRequest)
		return
	}
	code := secret()
	s.mu.Lock()
	s.codes[code] = grant{wanted, user.Name, s.clock().Add(codeTTL)}
	s.mu.Unlock()
	back, _ := url.Parse(wanted.RedirectURI) // wishOf has parsed it
	query := back.Query()
	query.Set("code", code)
	query.Set("state", wanted.State)
	back.RawQuery = query.Encode()
	s.guard(w)
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// secret returns 256 random bits as text.
func secret() string {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// signOut is GET /sign-out: the issuer has no session of its own, so it leads back.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	back := r.URL.Query().Get("post_logout_redirect_uri")
	if back == "" {
		back = r.URL.Query().Get("redirect_uri")
	}
	if !isLoopback(back) {
		http.Error(w, "there is no address of this machine to go back to", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, back, http.StatusFound)
}
