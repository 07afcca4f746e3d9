package client

import "nonassociations/web/shape"

// The shapes of answers are the API's own: package shape describes their keys.
type (
	// StaffNonAssociation is a non-association in the vocabulary of DPS.
	StaffNonAssociation = shape.NonAssociation
	// FullRecord is a non-association in both vocabularies.
	FullRecord = shape.FullRecord
	// PrisonerNonAssociations is a prisoner's list in the vocabulary of DPS.
	PrisonerNonAssociations = shape.PrisonerList[shape.PrisonerView]
	// PrisonerView is a non-association as seen from one of its prisoners.
	PrisonerView = shape.PrisonerView
	// Person is what the prisoner directory adds to a number.
	Person = shape.Person
	// OtherPrisoner is the other prisoner of the pair.
	OtherPrisoner = shape.Other
	// MoveCheck is whom prisoners would be too close to at a destination.
	MoveCheck = shape.MoveCheck
	// MoveConflict is a record of somebody on the list with somebody in the prison.
	MoveConflict = shape.MoveConflict
	// MoveWithoutPlace is a record whose other prisoner cannot be placed.
	MoveWithoutPlace = shape.MoveWithoutPlace
	// MoveLeftOut is a record that was not judged.
	MoveLeftOut = shape.MoveLeftOut
	// History is what happened, oldest first.
	History = shape.History
	// HistoryEntry is one fact with the record before and after it.
	HistoryEntry = shape.Entry
	// FeedLine is one fact of the feed. Its Position, to continue from, is never nil.
	FeedLine = shape.FeedLine
	// Renumbered has the old and the new number of a prisoner.
	Renumbered = shape.Renumbered
	// AsOf are records as they were at a time.
	AsOf = shape.AsOf
	// RecordProof proves all facts of a record.
	RecordProof = shape.RecordProof
	// FactProof proves one fact.
	FactProof = shape.FactProof
	// SubjectAccess is what is held about a prisoner, newest first.
	SubjectAccess = shape.SubjectAccess
	// SubjectItem is a non-association as it is, or as it was when it was deleted.
	SubjectItem = shape.SubjectItem
	// Deleted has the time, reason and requester of a deletion.
	Deleted = shape.Deletion
	// Page is a page of all non-associations, as Spring writes it.
	Page = shape.Page
	// Pageable has the place of a page in all pages.
	Pageable = shape.Pageable
	// Sorted reports the sort order of a page.
	Sorted = shape.Sorted
	// SyncResponse is the outcome of each item of a sync or migrate, in order.
	SyncResponse = shape.SyncResponse
	// Result is the outcome of one item.
	Result = shape.SyncResult
	// Constants are the codes of DPS, in display order.
	Constants = shape.Constants
	// Constant is one code of DPS with its description.
	Constant = shape.Constant
	// Info identifies the running build.
	Info = shape.Info
	// Component is one dependency of the service.
	Component = shape.Component
	// Consumer is one consumer of the log.
	Consumer = shape.Consumer
	// ConsumerFault is why a consumer is stuck.
	ConsumerFault = shape.ConsumerFault
	// SwitchOver is how far the switch-over from NOMIS is.
	SwitchOver = shape.SwitchOver
	// Prison is a prison in the switch-over.
	Prison = shape.Prison
	// SwitchOverEntry is one fact of the switch-over.
	SwitchOverEntry = shape.SwitchOverEntry
	// Requested is the answer to the request of a run.
	Requested = shape.Requested
	// Reconciliation is one comparison with NOMIS.
	Reconciliation = shape.Reconciliation
	// ReconciliationPage is a page of runs.
	ReconciliationPage = shape.PageOf[shape.Reconciliation]
	// Difference is one non-association that is not in step with NOMIS.
	Difference = shape.Difference
	// DifferencePage is a page of differences.
	DifferencePage = shape.PageOf[shape.Difference]
	// Repaired is what a repair did, and the difference after it.
	Repaired = shape.Repaired
	// RepairPlan is what a repair of many differences would do.
	RepairPlan = shape.RepairPlan
	// RepairOutcome is what a plan did.
	RepairOutcome = shape.RepairOutcome
	// Dossier is all that is known of a pair and NOMIS.
	Dossier = shape.Dossier
	// Synchronised is what a turn did, and the dossier after it.
	Synchronised = shape.Synchronised
	// LegacyList is a prisoner's list as prison-api answered it.
	LegacyList = shape.LegacyList
	// LegacyCaller is a client that called the legacy list.
	LegacyCaller = shape.LegacyCaller
	// Fault is one bad value of a request.
	Fault = shape.Fault
	// NonAssociations is a prisoner's list in the vocabulary of NOMIS.
	NonAssociations = shape.NOMISList
	// NonAssociation is one item of a prisoner's list in the vocabulary of NOMIS.
	NonAssociation = shape.NOMISItem
	// QueueHealth is a queue with its dead letters.
	QueueHealth = shape.QueueHealth
	// MessagesFound is how many messages a call about a queue met.
	MessagesFound = shape.MessagesFound
	// DeadLetters are messages of a dead-letter queue.
	DeadLetters = shape.DeadLetters
	// DeadLetter is one message of a dead-letter queue.
	DeadLetter = shape.DeadLetter
	// MigrationStart is a migration that was requested.
	MigrationStart = shape.MigrationStart
	// Migration is a migration of NOMIS's stock of old data.
	Migration = shape.Migration
	// MigrationPairs counts pairs.
	MigrationPairs = shape.MigrationPairs
	// MigrationItems counts non-associations.
	MigrationItems = shape.MigrationItems
	// MigrationFailures is a page of pairs that were not migrated.
	MigrationFailures = shape.MigrationFailures
	// MigrationFailure is a pair that was not migrated.
	MigrationFailure = shape.MigrationFailure
	// Side is the other prisoner with NOMIS's reason code.
	Side = shape.NOMISSide
	// Mapping says by which sequence NOMIS knows a non-association.
	Mapping = shape.Mapping
	// MappingPeriod is a time in which NOMIS knew a non-association by a sequence.
	MappingPeriod = shape.MappingPeriod
	// MappingPage is a page of mappings, as Spring writes it.
	MappingPage = shape.PageOf[shape.Mapping]
	// Delivery says whether NOMIS has a non-association as it is.
	Delivery = shape.Delivery
	// DeliveryProblem is why the two are not brought into step.
	DeliveryProblem = shape.DeliveryProblem
)
