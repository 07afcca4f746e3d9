package screens

import (
	"net/http"

	"nonassociations/web/screens/store"
)

// operatorRoutes are the routes of operators. Each act has two: its form, and what the
// form sends.
func (s *Screens) operatorRoutes() []route {
	const get = http.MethodGet
	all := []route{
		{get, operationsPath, operators, "", s.operations},
		{get, projectionsPage.path, operators, "", s.projections},
		{get, publisherPage.path, operators, store.PagePublisher, s.publisher},
		{get, queuesPage.path, operators, store.PageQueues, s.queues},
		{get, migrationsPage.path, operators, "", s.migrations},
		{get, migrationsPage.path + "/{id}", operators, store.PageMigration, s.migration},
		{get, reconciliationsPage.path, operators, "", s.reconciliations},
		{get, reconciliationsPage.path + "/{id}", operators, "", s.reconciliation},
		{get, differencesPage.path, operators, store.PageDifferences, s.differences},
		{get, differencesPage.path + "/{id}", operators, store.PageDifferences, s.difference},
		{get, operationsPath + "/pairs/{a}/{b}", operators, store.PagePair, s.pair},
		{get, switchOverPage.path, operators, "", s.switchOver},
	}
	for _, one := range []struct {
		path string
		page store.Page
		of   actOf
	}{
		{publisherPage.path + "/{topic}/{event}/retry", store.PagePublisher, s.retryParked},
		{publisherPage.path + "/{topic}/{event}/skip", store.PagePublisher, s.skipParked},
		{queuesPage.path + "/{queue}/retry-all", store.PageQueues, s.retryLetters},
		{queuesPage.path + "/{queue}/remove-all", store.PageQueues, s.removeLetters},
		{migrationsPage.path + "/start", store.PageMigration, s.startMigration(false)},
		{migrationsPage.path + "/start-dry-run", store.PageMigration, s.startMigration(true)},
		{migrationsPage.path + "/{id}/cancel", store.PageMigration, s.cancelMigration},
		{migrationsPage.path + "/{id}/retry-failed", store.PageMigration, s.retryMigration},
		{reconciliationsPage.path + "/start", "", s.startReconciliation},
		{differencesPage.path + "/{id}/repair-from-dps", store.PageDifferences, s.repairDifference(false)},
		{differencesPage.path + "/{id}/repair-from-nomis", store.PageDifferences, s.repairDifference(true)},
		{differencesPage.path + "/{id}/accept", store.PageDifferences, s.acceptDifference},
		{operationsPath + "/pairs/{a}/{b}/synchronise", store.PagePair, s.synchronise},
		{switchOverPage.path + "/prisons/{prison}/stage", "", s.changeStage},
		{switchOverPage.path + "/prisons/{prison}/announce", "", s.announce},
		{switchOverPage.path + "/inbound/end", "", s.switchAct(inbound, false)},
		{switchOverPage.path + "/inbound/resume", "", s.switchAct(inbound, true)},
		{switchOverPage.path + "/outbound/end", "", s.switchAct(outbound, false)},
		{switchOverPage.path + "/outbound/resume", "", s.switchAct(outbound, true)},
	} {
		all = append(all, route{get, one.path, operators, one.page, s.actForm(one.of)},
			route{http.MethodPost, one.path, operators, one.page, s.actSent(one.of)})
	}
	return all
}
