package store

// Page names a kind of page in the view audit.
type Page string

// The pages and exports that have a person in them.
const (
	PageHome        Page = "HOME"
	PageList        Page = "LIST"
	PageListCSV     Page = "LIST_CSV"
	PageRecord      Page = "RECORD"
	PageHistory     Page = "HISTORY"
	PageAsOf        Page = "AS_OF"
	PageAdd         Page = "ADD"
	PageUpdate      Page = "UPDATE"
	PageClose       Page = "CLOSE"
	PageReopen      Page = "REOPEN"
	PageDelete      Page = "DELETE"
	PageSearch      Page = "SEARCH"
	PagePrison      Page = "PRISON"
	PagePrisonCSV   Page = "PRISON_CSV"
	PageTooClose    Page = "TOO_CLOSE"
	PageMoveCheck   Page = "MOVE_CHECK"
	PagePair        Page = "PAIR"
	PageDifferences Page = "DIFFERENCES"
	PageMigration   Page = "MIGRATION"
	PagePublisher   Page = "PUBLISHER"
	PageQueues      Page = "QUEUES"
	PageViews       Page = "VIEWS"
	PageFacts       Page = "FACTS"
	PageActions     Page = "ACTIONS"
	PageExport      Page = "EXPORT"
)
