package screens_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// TestAgain_knowsEveryPageOfTheViewAudit: one that is added says whether it can be shown
// again, or why not.
func TestAgain_knowsEveryPageOfTheViewAudit(t *testing.T) {
	t.Parallel()
	known := append(screens.AgainPages(), store.PageAsOf)
	require.Subset(t, known, newHouse(t).AuditedPages())
	err := screens.CheckAgain(store.View{Page: "NEW", Position: 1})
	require.EqualError(t, err, "this page cannot be shown again: this build does not know it")
}

func TestAgain_saysWhyAViewIsNotShown(t *testing.T) {
	t.Parallel()
	list := store.View{Page: store.PageList, Route: adamsRoute, Subjects: nil, Position: 1}
	for why, change := range map[string]func(*store.View){
		"names no prisoner":     func(*store.View) {},
		"the user was refused":  func(v *store.View) { v.Refused = true },
		"nothing of the log":    func(v *store.View) { v.Position = 0 },
		"kept no id":            func(v *store.View) { v.Page, v.Route = store.PageRecord, adamsRoute+"/{id}" },
		"a part of its address": func(v *store.View) { v.Route = "/x/{other}" },
	} {
		view := list
		change(&view)
		var refused *screens.NotAgainError
		require.ErrorAs(t, screens.CheckAgain(view), &refused, why)
		require.Contains(t, refused.Error(), why)
	}
}

const adamsRoute = "/prisoner/{pn}/non-associations"
