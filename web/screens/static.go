package screens

import (
	"context"

	"nonassociations/web/screens/signin"
)

// Help, Accessibility, Cookies and SignedOut need no session.
type (
	// Help says what users can do when they cannot do something.
	Help struct{}
	// Accessibility is the accessibility statement.
	Accessibility struct{}
	// Cookies lists the cookies of this service.
	Cookies struct{ Names signin.CookieNames }
	// SignedOut is where the issuer leads back to.
	SignedOut struct{}
	// Failure is every page that stands in the place of the one that was asked for.
	Failure struct {
		Heading     string
		Text        []string
		RequestID   string
		SignInAgain bool
		SignOut     bool
	}
)

func (s *Screens) help(context.Context, *visit) (answer, error) {
	return answer{title: "Help", page: Help{}}, nil
}

func (s *Screens) accessibility(context.Context, *visit) (answer, error) {
	return answer{title: "Accessibility statement", page: Accessibility{}}, nil
}

func (s *Screens) cookies(context.Context, *visit) (answer, error) {
	return answer{title: "Cookies", page: Cookies{s.sessions.CookieNames()}}, nil
}

func (s *Screens) signedOut(context.Context, *visit) (answer, error) {
	return answer{title: "Signed out", page: SignedOut{}}, nil
}
