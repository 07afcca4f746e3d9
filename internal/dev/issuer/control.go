package issuer

import (
	"fmt"
	"net/http"
)

// SetRoles changes the roles of a user from the next token on.
func (s *Server) SetRoles(name string, roles ...string) error {
	return s.change(name, func(u *User) { u.Roles = roles })
}

// SetCaseloads changes the claim caseloads of a user from the next token on.
func (s *Server) SetCaseloads(name string, caseloads ...string) error {
	return s.change(name, func(u *User) { u.Caseloads = append([]string{}, caseloads...) })
}

// change changes a user. The error is that of an unknown one.
func (s *Server) change(name string, how func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.users {
		if s.users[i].Name == name {
			how(&s.users[i])
			return nil
		}
	}
	return fmt.Errorf("there is no user %s", name)
}

// Revoke takes back the refresh tokens that a user has got until now.
func (s *Server) Revoke(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[name] = s.clock()
}

// SetAway makes the issuer answer 503 to everything, or answer again.
func (s *Server) SetAway(isAway bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isAway = isAway
}

// WithoutClaim leaves the claim caseloads out of tokens, as the real issuer does, or puts
// it in again.
func (s *Server) WithoutClaim(without bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noClaim = without
}

// GiveIDTokens makes the issuer give ID tokens beside access tokens. By itself it gives
// none, because no scope asks for one.
func (s *Server) GiveIDTokens(gives bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idTokens = gives
}

// GiveRefreshTokens makes the issuer give refresh tokens, as it does by itself, or none.
func (s *Server) GiveRefreshTokens(gives bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noRefresh = !gives
}

// SetAlter changes the claims of tokens from now on.
func (s *Server) SetAlter(alter Alter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alter = alter
}

// Asked returns how many requests for tokens there were, refused ones included.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// away reports whether the issuer answers nothing.
func (s *Server) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isAway
}

// control is POST /control, the switches for people and for programs outside. Fields: user
// with role (repeatable; one that is empty takes all away), caseload (likewise) or
// revoke=true; away=true or false.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	if err := s.obey(r.PostForm); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// obey does what a form of control says.
func (s *Server) obey(form map[string][]string) error {
	user := ""
	if names := form["user"]; len(names) == 1 {
		user = names[0]
	}
	if roles, given := form["role"]; given {
		if err := s.SetRoles(user, named(roles)...); err != nil {
			return err
		}
	}
	if caseloads, given := form["caseload"]; given {
		if err := s.SetCaseloads(user, named(caseloads)...); err != nil {
			return err
		}
	}
	if _, given := form["revoke"]; given {
		s.Revoke(user)
	}
	if away, given := form["away"]; given {
		s.SetAway(away[0] == "true")
	}
	return nil
}

// named returns the texts that are not empty.
func named(texts []string) []string {
	all := []string{}
	for _, text := range texts {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}
