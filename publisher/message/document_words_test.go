package message_test

// fieldWords say what each key of a body means, for consumers. A key without
// words fails a test, and so do words without a key.
var fieldWords = map[string]string{
	"DomainEvent.eventType":             "Name of the domain event.",
	"DomainEvent.occurredAt":            "When the change was decided here: London wall-clock time without an offset. Not when the non-association began or ended.",
	"DomainEvent.publishedAt":           "When this message was sent, with the offset of London. The only value that differs when the same message comes again.",
	"DomainEvent.version":               "Version of this body.",
	"DomainEvent.description":           "What happened, for people who look at a queue. It names no prisoner, and programs must not read it.",
	"DomainEvent.detailUrl":             "Where the non-association as it is now can be read. 404 when it has been deleted since.",
	"DomainEvent.personReference":       "The two prisoners.",
	"DomainEvent.additionalInformation": "What is particular to non-associations.",

	"PersonReference.identifiers": "Both prisoner numbers, first that of the prisoner whom the change was asked about.",
	"Identifier.type":             "Kind of number.",
	"Identifier.value":            "Prisoner number.",

	"AdditionalInformation.prisonerNumber":         "The prisoner whom the change was asked about; in a merge the number that counts from now on.",
	"AdditionalInformation.otherPrisonerNumber":    "The other prisoner of the pair.",
	"AdditionalInformation.previousPrisonerNumber": "RENUMBERED only: the number under which it stood before, in place of prisonerNumber.",
	"AdditionalInformation.nonAssociationId":       "Id of the non-association. It never changes, not even by a merge.",
	"AdditionalInformation.source":                 "Who said it: DPS staff on screens, NOMIS by sync, or MERGE when two numbers became one prisoner. NOMIS marks an echo for whoever writes to NOMIS.",
	"AdditionalInformation.change":                 "What the change did.",
	"AdditionalInformation.eventId":                "Id of the fact behind the message. The same message again carries the same id.",
	"AdditionalInformation.revision":               "Place of the fact among those of the pair, from 0, not dense. Per pair it only grows.",
	"AdditionalInformation.position":               "Place of the fact among all facts. Give it as atLeast= when reading, so that the answer has this change.",

	"HistoryEntry.eventId":          "Id of the fact. The same entry again carries the same id.",
	"HistoryEntry.type":             "Type of the fact as it was recorded.",
	"HistoryEntry.nonAssociationId": "Id of the non-association; of an ignored item the id of the one that counts instead.",
	"HistoryEntry.prisonerNumbers":  "The pair in whose history the fact stands, the smaller number first.",
	"HistoryEntry.actor":            "User name of whoever asked for it.",
	"HistoryEntry.source":           "Who said it.",
	"HistoryEntry.occurredAt":       "When it was true: the time that staff gave for closing or reopening, else when it was decided. London wall-clock time without an offset.",
	"HistoryEntry.recordedAt":       "When it was known, with the offset of London.",
	"HistoryEntry.revision":         "Place of the fact among those of the pair, from 0 and dense: a gap is a lost message.",
	"HistoryEntry.position":         "Place of the fact among all facts.",
	"HistoryEntry.reason":           "Why it was closed, reopened, deleted or renumbered, when somebody said so.",
	"HistoryEntry.requestedBy":      "Deletions: who asked for it.",
	"HistoryEntry.renumbered":       "Renumberings: which number became which.",
	"HistoryEntry.ignored":          "Ignored items: what NOMIS told, and why it was not taken over.",
	"HistoryEntry.before":           "The non-association before, in the words of NOMIS; null when it was not there, or was deleted.",
	"HistoryEntry.after":            "The non-association after it; null when it is not there any more.",

	"RecordRef.id":              "Id of the non-association.",
	"NOMISValues.typeSequence":  "Sequence by which NOMIS knows it within the pair; null when none was told.",
	"NOMISValues.reasonCodes":   "NOMIS reason code of each prisoner, under that prisoner's number.",
	"NOMISValues.typeCode":      "NOMIS type code.",
	"NOMISValues.effectiveDate": "London wall-clock time exactly as it was told.",
	"NOMISValues.expiryDate":    "London wall-clock time exactly as it was told; null when none was. It is closed from that day on.",
	"NOMISValues.authorisedBy":  "Who authorised it; null when nobody was named.",
	"NOMISValues.comments":      "Comment; null when there is none.",

	"IgnoredItem.reason": "NOT_LATEST: another open item of the request counted before it. ANOTHER_NOT_CLOSED: the pair had an open one that stayed. DELETED: the item told of one that was deleted here.",
	"IgnoredItem.item":   "The item as it was told; null when it was a deletion.",

	"Renumbered.previousPrisonerNumber": "The number before.",
	"Renumbered.prisonerNumber":         "The number from now on.",
	"Renumbered.half":                   "ARRIVED in the pair of the new number comes first, then LEFT from the pair of the old one. Whoever goes by the id alone takes ARRIVED and passes over LEFT.",
	"Renumbered.from":                   "The pair that it left.",
	"Renumbered.to":                     "The pair that it belongs to. The same as from when a deletion by a merge was taken back.",
}
