package domain

// WhyOf returns the reason that an event gives: of a closing, a reopening, a deletion, a
// merge or a switch-over, or why an item was ignored. It is "" for an event without one.
// What changed by an amendment shows in its values.
func WhyOf(event Event) string {
	switch e := event.(type) {
	case Closed:
		return e.ClosedReason
	case Reopened:
		return e.ReopenReason
	case Deleted:
		return e.DeletionReason
	case Ignored:
		return string(e.Reason)
	case TransferredIn:
		return e.Reason
	case TransferredOut:
		return e.Reason
	case Restored:
		return e.Reason
	case PrisonerMerged:
		return e.Reason
	case PrisonerUnmerged:
		return e.Reason
	default:
		return whyOfSwitchOver(event)
	}
}

func whyOfSwitchOver(event Event) string {
	switch e := event.(type) {
	case PrisonStaged:
		return e.Reason
	case PrisonAnnounced:
		return e.Reason
	case InboundEnded:
		return e.Reason
	case InboundResumed:
		return e.Reason
	case OutboundEnded:
		return e.Reason
	case OutboundResumed:
		return e.Reason
	case LegacyEnded:
		return e.Reason
	case LegacyResumed:
		return e.Reason
	default:
		return ""
	}
}
