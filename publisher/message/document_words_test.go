package message_test

// fieldWords describes each key of a body for consumers. A key without a description
// fails a test, and so does a description without a key.
var fieldWords = map[string]string{
	"DomainEvent.eventType":             "Name of the domain event.",
	"DomainEvent.occurredAt":            "When the change was decided here: London wall-clock time without an offset. Not when the non-association began or ended.",
	"DomainEvent.publishedAt":           "When this message was sent, with the offset of London. The only value that differs when the same message comes again.",
	"DomainEvent.version":               "Version of this body.",
	"DomainEvent.description":           "What happened, for people who look at a queue. It names no prisoner, and programs must not read it.",
	"DomainEvent.detailUrl":             "Where the non-association can be read as it is now. 404 when it has been deleted since.",
	"DomainEvent.personReference":       "The two prisoners.",
	"DomainEvent.additionalInformation": "What identifies the non-association and its change.",

	"PersonReference.identifiers": "Both prisoner numbers, first that of the prisoner whom the change was asked about.",
	"Identifier.type":             "Kind of number.",
	"Identifier.value":            "Prisoner number.",

	"AdditionalInformation.prisonerNumber":         "The prisoner whom the change was asked about; in a merge the number that counts from now on.",
	"AdditionalInformation.otherPrisonerNumber":    "The other prisoner of the pair.",
	"AdditionalInformation.previousPrisonerNumber": "RENUMBERED only: the number that prisonerNumber replaces.",
	"AdditionalInformation.nonAssociationId":       "Id of the non-association. It never changes, not even by a merge.",
	"AdditionalInformation.source":                 "Origin of the change: DPS for staff on screens, NOMIS by sync, or MERGE when two numbers became one prisoner. To a consumer that writes to NOMIS, NOMIS marks an echo.",
	"AdditionalInformation.change":                 "What the change did.",
	"AdditionalInformation.eventId":                "Id of the fact behind the message. The same message again carries the same id.",
	"AdditionalInformation.revision":               "Place of the fact among those of the pair, from 0, not dense. Per pair it only grows.",
	"AdditionalInformation.position":               "Place of the fact among all facts. Give it as atLeast= when reading, so that the answer has this change.",

	"HistoryEntry.eventId":          "Id of the fact. The same entry again carries the same id.",
	"HistoryEntry.type":             "Type of the fact as it was recorded.",
	"HistoryEntry.nonAssociationId": "Id of the non-association; of an ignored item the id of the one that counts instead, null when none does.",
	"HistoryEntry.prisonerNumbers":  "The pair whose history has the fact, the smaller number first.",
	"HistoryEntry.actor":            "User name of the person or system that asked for it.",
	"HistoryEntry.source":           "Origin of the fact.",
	"HistoryEntry.occurredAt":       "When it was true: the time that staff gave for closing or reopening, else when it was decided. London wall-clock time without an offset.",
	"HistoryEntry.recordedAt":       "When it was known, with the offset of London.",
	"HistoryEntry.revision":         "Place of the fact among those of the pair, from 0 and dense: a gap is a lost message.",
	"HistoryEntry.position":         "Place of the fact among all facts.",
	"HistoryEntry.reason":           "Why it was closed, reopened, deleted or renumbered, when a reason was given.",
	"HistoryEntry.requestedBy":      "Deletions: name of the person who asked for it.",
	"HistoryEntry.renumbered":       "Renumberings: which number became which.",
	"HistoryEntry.ignored":          "Ignored items: the item that NOMIS sent, and why it was not taken over.",
	"HistoryEntry.before":           "The non-association before, in the vocabulary of NOMIS; null when it did not exist, or was deleted.",
	"HistoryEntry.after":            "The non-association after the fact; null when it no longer exists.",

	"Record.id":                 "Id of the non-association.",
	"NOMISValues.typeSequence":  "NOMIS's sequence within the pair; null when none is known.",
	"NOMISValues.reasonCodes":   "NOMIS reason code of each prisoner, under that prisoner's number.",
	"NOMISValues.typeCode":      "NOMIS type code.",
	"NOMISValues.effectiveDate": "London wall-clock time exactly as received.",
	"NOMISValues.expiryDate":    "London wall-clock time exactly as received; null when there is none. The record is closed from that day on.",
	"NOMISValues.authorisedBy":  "Name of the person who authorised it; null when none was given.",
	"NOMISValues.comments":      "Comment; null when there is none.",

	"IgnoredItem.reason": "NOT_LATEST: another open item of the request counted before it. ANOTHER_NOT_CLOSED: the pair had an open one that stayed. DELETED: the item is of a record that was deleted here. SWITCHED: it would have changed a record, and the prisons of its prisoners have switched over from NOMIS.",
	"IgnoredItem.item":   "The item as received; null when it was a deletion.",

	"Renumbered.previousPrisonerNumber": "The number before.",
	"Renumbered.prisonerNumber":         "The number from now on.",
	"Renumbered.half":                   "ARRIVED in the pair of the new number comes first, then LEFT from the pair of the old one. A consumer that goes by the id alone processes ARRIVED and ignores LEFT.",
	"Renumbered.from":                   "The pair of the old number.",
	"Renumbered.to":                     "The pair that it belongs to. The same as from when a deletion by a merge was taken back.",
}
