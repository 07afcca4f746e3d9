package screens

// listRights is what a user may do on a prisoner's list.
type listRights struct {
	add       bool
	needsRole bool // the user may write nowhere
}

// listRights judges a user's rights on a list.
func (s *Screens) listRights(v *visit, l listing) (listRights, error) {
	return listRights{}, nil
}
