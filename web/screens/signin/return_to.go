package signin

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode"
)

// home is where a sign-in leads that began nowhere else.
const home = "/"

// purposeOfReturn tells this cookie from others that are encrypted.
const purposeOfReturn = "return"

// ToSignIn leads a GET or HEAD without a session to the sign-in, and remembers the page:
// in a cookie that only this service can write, and in no parameter. What a browser asks
// for beside a page, such as its icon, is not remembered.
func (s *SignIn) ToSignIn(r *http.Request) Redirect {
	to := Redirect{Location: SignInPath}
	mode := r.Header.Get("Sec-Fetch-Mode")
	page := r.URL.RequestURI()
	if r.Method == http.MethodGet && (mode == "" || mode == "navigate") && isOurs(page) {
		sealed := base64.RawURLEncoding.EncodeToString([]byte(s.Key.Seal(purposeOfReturn, page)))
		to.Cookies = append(to.Cookies, s.cookies.make(s.cookies.returnTo, sealed, attemptTime))
	}
	return to
}

// returnTo returns the page that asked for the sign-in, else home.
func (s *SignIn) returnTo(r *http.Request) string {
	cookie, err := r.Cookie(s.cookies.returnTo)
	if err != nil {
		return home
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return home
	}
	page, ok := s.Key.Open(purposeOfReturn, string(sealed))
	if !ok || !isOurs(page) {
		return home
	}
	return page
}

// isOurs reports whether a text is the path of a page of ours that a browser may be led
// to. Browsers take two slashes, or a slash and a backslash, for another host, and leave
// out control characters between them. Sign-in and sign-out lead nowhere.
func isOurs(page string) bool {
	switch {
	case len(page) > maxRedirectTo, !strings.HasPrefix(page, "/"), strings.HasPrefix(page, "//"):
		return false
	case strings.ContainsFunc(page, func(c rune) bool {
		return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c) || c > unicode.MaxASCII
	}):
		return false
	}
	path, _, _ := strings.Cut(page, "?")
	return path != SignInPath && path != CallbackPath && path != SignOutPath && path != SignedOutPath
}
