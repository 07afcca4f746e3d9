package signin

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"nonassociations/web/screens/store"
)

// TryCookies reads hostile cookies: what they are taken for is a secret, or nothing, and
// leads to a page of ours.
func TryCookies(t *testing.T, cookie, returnTo string) {
	t.Helper()
	secret := make([]byte, store.KeySize)
	_, _ = rand.Read(secret)
	key, err := store.NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := &SignIn{Options: Options{Key: key}, cookies: cookiesOf(&url.URL{Scheme: "https", Host: "x.test"})}
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("Cookie", s.cookies.session+"="+cookie+"; "+s.cookies.returnTo+"="+returnTo)
	if got := secretOf(r, s.cookies.session); got != "" && len(got) != 43 {
		t.Errorf("%q is taken for a secret", got)
	}
	if got := s.returnTo(r); got != home {
		t.Errorf("a forged cookie leads to %q", got)
	}
	if to, err := url.Parse(returnTo); isOurs(returnTo) && (err == nil && (to.Host != "" || to.Scheme != "")) {
		t.Errorf("%q leads away", returnTo)
	}
}
