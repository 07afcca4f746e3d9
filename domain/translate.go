package domain

// The two vocabularies overlap but neither holds the other: NOMIS mixes role
// and reason into one code a side, staff have a role a side and one reason.
// Both are therefore stored, and these tables only say what a word of one
// becomes when it is news to the other.

// RoleOf returns the role of the side that has a reason code. A code that describes the
// reason only gives UnknownRole.
func RoleOf(code ReasonCode) Role {
	switch code {
	case CodeVictim:
		return Victim
	case CodePerpetrator:
		return Perpetrator
	case CodeRivalGang, CodeNotRelevant:
		return NotRelevant
	default: // BUL says why, not who; UNKNOWN says so
		return UnknownRole
	}
}

// ReasonOf returns the reason that the reason codes of both sides give together, in
// either order. A rival gang takes precedence over bullying.
func ReasonOf(one, other ReasonCode) Reason {
	switch {
	case one == CodeRivalGang || other == CodeRivalGang:
		return GangRelated
	case one == CodeBullying || other == CodeBullying:
		return Bullying
	default:
		return OtherReason
	}
}

// ReasonCodeOf returns the reason code of NOMIS for a side with this role in a
// non-association with this reason.
func ReasonCodeOf(role Role, reason Reason) ReasonCode {
	switch reason {
	case GangRelated:
		return CodeRivalGang
	case Bullying:
		return CodeBullying
	case OrganisedCrime, LegalRequest, Threat, Violence, OtherReason: // NOMIS has no word for these
	}
	switch role {
	case Victim:
		return CodeVictim
	case Perpetrator:
		return CodePerpetrator
	case NotRelevant:
		return CodeNotRelevant
	default:
		return CodeUnknown
	}
}

// RestrictionOf returns the restriction of staff for a type code.
func RestrictionOf(code TypeCode) Restriction {
	switch code {
	case TypeCell:
		return Cell
	case TypeLanding:
		return Landing
	default: // NONEX and TNA have no word of their own; WING keeps furthest apart
		return Wing
	}
}

// TypeCodeOf returns the type code of NOMIS for a restriction.
func TypeCodeOf(restriction Restriction) TypeCode {
	switch restriction {
	case Cell:
		return TypeCell
	case Landing:
		return TypeLanding
	default:
		return TypeWing
	}
}
