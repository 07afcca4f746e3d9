package past

import (
	"context"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// CheckView returns a *screens.NotAgainError for a view that cannot be shown again. It opens
// nothing.
func CheckView(view store.View) error { return screens.CheckAgain(view) }

// Page draws again what a view showed, by the pages of this build, with numbers for names.
// The service must be as of the position and the time of the view. Errors: a
// *screens.NotAgainError, and those of the log.
func (s *Service) Page(ctx context.Context, view store.View, build string) ([]byte, error) {
	shown, err := screens.New(screens.Options{
		Commands: s.commands(), Reads: s.Model, Audit: s.audit(), Directory: noDirectory{}, Head: s.head,
		PublicURL: "http://shown.invalid", Version: build, Clock: s.clock,
	})
	if err != nil {
		return nil, err
	}
	return shown.Again(ctx, view)
}

// noDirectory knows nobody: pages then have numbers for names.
type noDirectory struct{}

// Find implements the directory of the pages.
func (noDirectory) Find(context.Context, []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	return nil, directory.ErrUnavailable
}

// SearchPrison implements the directory of the pages.
func (noDirectory) SearchPrison(context.Context, domain.PrisonID, string, int) (directory.Page, error) {
	return directory.Page{}, directory.ErrUnavailable
}

// SearchGlobal implements the directory of the pages.
func (noDirectory) SearchGlobal(context.Context, string, int) (directory.Page, error) {
	return directory.Page{}, directory.ErrUnavailable
}

// IsKnown implements the directory of the pages.
func (noDirectory) IsKnown(context.Context, domain.PrisonID, []domain.PrisonID) (bool, error) {
	return false, directory.ErrUnavailable
}
