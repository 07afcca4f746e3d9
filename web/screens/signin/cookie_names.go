package signin

// CookieNames are the names of our cookies, for the page about cookies.
type CookieNames struct{ Session, SignIn, Return string }

// CookieNames returns the names of our cookies.
func (s *SignIn) CookieNames() CookieNames {
	return CookieNames{s.cookies.session, s.cookies.browser, s.cookies.returnTo}
}
