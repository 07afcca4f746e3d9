package issuer

import "slices"

// User is somebody who can sign in.
type User struct {
	Name      string
	Roles     []string // without the prefix ROLE_
	Caseloads []string // of the claim; an empty list lists none
}

// people are the users of the development run.
func people() []User {
	const prison = "PRISON"
	staff := func(more ...string) []string { return append([]string{prison, "NON_ASSOCIATIONS"}, more...) }
	here := []string{"XAA"}
	return []User{
		{"OFFICER_A", staff(), here},
		{"OFFICER_B", staff(), []string{"XAB"}},
		{"READER_A", []string{prison}, here},
		{"POM_A", staff("POM"), here},
		{"GLOBAL_SEARCHER", staff("GLOBAL_SEARCH"), here},
		{"INACTIVE_SEARCHER", staff("INACTIVE_BOOKINGS"), here},
		{"GLOBAL", staff("GLOBAL_SEARCH", "INACTIVE_BOOKINGS"), []string{"XAA", "XAB"}},
		{"MANAGER_A", staff("REOPEN_NON_ASSOCIATIONS", "DELETE_NON_ASSOCIATIONS"), here},
		{"OPERATOR", []string{"NON_ASSOCIATIONS_ADMIN"}, []string{}},
		{"AUDITOR", []string{prison, "NON_ASSOCIATIONS_AUDIT"}, here},
		{"NOBODY", []string{}, []string{}},
	}
}

// Users returns who can sign in, as they are now.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.users)
}

// user returns a user by name.
func (s *Server) user(name string) (User, bool) {
	for _, one := range s.Users() {
		if one.Name == name {
			return one, true
		}
	}
	return User{}, false
}
