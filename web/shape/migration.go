package shape

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// MigrationType is the type of every migration here.
const MigrationType = "NON_ASSOCIATIONS"

// MigrationStart is a migration that was requested.
type MigrationStart struct {
	MigrationID    uuid.UUID `json:"migrationId"`
	Label          string    `json:"label"`
	EstimatedCount int       `json:"estimatedCount"` // pairs
	Type           string    `json:"type"`
}

// Migration is a run of the migration, in the words of the department's migration
// service where it has some. Times are London's.
type Migration struct {
	MigrationID          uuid.UUID             `json:"migrationId"`
	Label                string                `json:"label"`
	MigrationType        string                `json:"migrationType"`
	Status               string                `json:"status"`
	DryRun               bool                  `json:"dryRun"`
	WhenStarted          domain.LocalDateTime  `json:"whenStarted"`
	WhenEnded            *domain.LocalDateTime `json:"whenEnded"`
	EstimatedRecordCount int                   `json:"estimatedRecordCount"`
	RecordsMigrated      int                   `json:"recordsMigrated"` // pairs
	RecordsFailed        int                   `json:"recordsFailed"`   // pairs
	Filter               string                `json:"filter"`          // JSON
	Pairs                MigrationPairs        `json:"pairs"`
	Items                MigrationItems        `json:"items"`
	Sweeps               int                   `json:"sweeps"`
	Requests             int64                 `json:"requests"` // to NOMIS
}

// MigrationPairs counts pairs. Total are those with an outcome.
type MigrationPairs struct {
	Total      int `json:"total"`
	Created    int `json:"created"`
	Amended    int `json:"amended"`
	Unchanged  int `json:"unchanged"`
	Ignored    int `json:"ignored"`
	Failed     int `json:"failed"`
	Unreadable int `json:"unreadable"`
}

// MigrationItems counts non-associations of NOMIS.
type MigrationItems struct {
	Created   int `json:"created"`
	Amended   int `json:"amended"`
	Unchanged int `json:"unchanged"`
	Ignored   int `json:"ignored"`
}

// MigrationFailure is a pair that was not migrated.
type MigrationFailure struct {
	Pair    [2]string `json:"pair"` // as NOMIS lists it
	Outcome string    `json:"outcome"`
	Cause   string    `json:"cause"`
	Why     string    `json:"why"`
}

// MigrationFailures is a page of failures, as Spring writes it.
type MigrationFailures struct {
	Content          []MigrationFailure `json:"content"`
	Pageable         Pageable           `json:"pageable"`
	Last             bool               `json:"last"`
	TotalPages       int64              `json:"totalPages"`
	TotalElements    int64              `json:"totalElements"`
	Size             int                `json:"size"`
	Number           int64              `json:"number"` // from 0
	Sort             Sorted             `json:"sort"`
	First            bool               `json:"first"`
	NumberOfElements int                `json:"numberOfElements"` // on this page
	Empty            bool               `json:"empty"`
}

// NewMigrationFailures returns a page. content are its failures, number is its number from
// 0, and total counts the failures of all pages.
func NewMigrationFailures(content []MigrationFailure, number int64, size, total int) MigrationFailures {
	order, pages := Sorted{Sorted: true}, int64((total+size-1)/size)
	return MigrationFailures{
		Content:  content,
		Pageable: Pageable{PageNumber: number, PageSize: size, Sort: order, Offset: number * int64(size), Paged: true},
		Last:     number+1 >= pages, First: number == 0, Sort: order, Size: size, Number: number, TotalElements: int64(total), TotalPages: pages,
		NumberOfElements: len(content), Empty: len(content) == 0,
	}
}
