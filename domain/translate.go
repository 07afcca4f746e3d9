package domain

// The codes of staff and of NOMIS overlap, but neither contains the other. NOMIS has one
// code a side that mixes role and reason. Staff have a role a side and one reason. Both
// are therefore stored, and these tables translate only a value that has changed.
// ADR 0006 has the reasons.

// RoleOf returns the role that a reason code implies. BUL and UNKNOWN describe the
// reason alone and give UnknownRole.
func RoleOf(code ReasonCode) Role {
	switch code {
	case CodeVictim:
		return Victim
	case CodePerpetrator:
		return Perpetrator
	case CodeRivalGang, CodeNotRelevant:
		return NotRelevant
	default: // BUL is a reason without a role; UNKNOWN is the role
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
	default: // NONEX and TNA have no restriction of their own; WING is the strictest
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
