package domain

// Role is the role of one prisoner in a non-association, in the codes of staff. The
// values are stored in facts and are part of the API: never change one.
type Role string

// The roles, in the order in which staff see them.
const (
	Victim      Role = "VICTIM"
	Perpetrator Role = "PERPETRATOR"
	NotRelevant Role = "NOT_RELEVANT"
	UnknownRole Role = "UNKNOWN"
)

// Reason is why staff keep the pair apart. The values are stored in facts and are part
// of the API: never change one.
type Reason string

// The reasons. NOMIS has no code for most of them.
const (
	Bullying       Reason = "BULLYING"
	GangRelated    Reason = "GANG_RELATED"
	OrganisedCrime Reason = "ORGANISED_CRIME"
	LegalRequest   Reason = "LEGAL_REQUEST"
	Threat         Reason = "THREAT"
	Violence       Reason = "VIOLENCE"
	OtherReason    Reason = "OTHER"
)

// Restriction is how far apart staff keep the pair. The values are stored in facts and
// are part of the API: never change one.
type Restriction string

// The restrictions.
const (
	Cell    Restriction = "CELL"
	Landing Restriction = "LANDING"
	Wing    Restriction = "WING"
)

// ReasonCode is NOMIS's code for one prisoner. It mixes role and reason. The values are
// those of NOMIS.
type ReasonCode string

// The reason codes of NOMIS.
const (
	CodeVictim      ReasonCode = "VIC"
	CodePerpetrator ReasonCode = "PER"
	CodeBullying    ReasonCode = "BUL"
	CodeRivalGang   ReasonCode = "RIV"
	CodeNotRelevant ReasonCode = "NOT_REL"
	CodeUnknown     ReasonCode = "UNKNOWN"
)

// TypeCode is NOMIS's code for how far apart the pair is kept. The values are those of
// NOMIS.
type TypeCode string

// The type codes of NOMIS.
const (
	TypeCell          TypeCode = "CELL"
	TypeLanding       TypeCode = "LAND"
	TypeWing          TypeCode = "WING"
	TypeDoNotExercise TypeCode = "NONEX"
	TypeTotal         TypeCode = "TNA"
)

// Term is one code of a vocabulary with its description for people.
type Term[W ~string] struct {
	Code        W
	Description string
}

// Roles returns every role in the order in which staff see them.
func Roles() []Term[Role] {
	return []Term[Role]{
		{Victim, "Victim"}, {Perpetrator, "Perpetrator"}, {NotRelevant, "Not relevant"}, {UnknownRole, "Unknown"},
	}
}

// Reasons returns every reason in the order in which staff see them.
func Reasons() []Term[Reason] {
	return []Term[Reason]{
		{Bullying, "Bullying"},
		{GangRelated, "Gang related"},
		{OrganisedCrime, "Organised crime"},
		{LegalRequest, "Police or legal request"},
		{Threat, "Threat"},
		{Violence, "Violence"},
		{OtherReason, "Other"},
	}
}

// Restrictions returns every restriction in the order in which staff see them.
func Restrictions() []Term[Restriction] {
	return []Term[Restriction]{
		{Cell, "Cell only"}, {Landing, "Cell and landing"}, {Wing, "Cell, landing and wing"},
	}
}

// ReasonCodes returns every reason code of NOMIS.
func ReasonCodes() []Term[ReasonCode] {
	return []Term[ReasonCode]{
		{CodeVictim, "Victim"},
		{CodePerpetrator, "Perpetrator"},
		{CodeBullying, "Anti Bullying Strategy"},
		{CodeRivalGang, "Rival Gang"},
		{CodeNotRelevant, "Not Relevant"},
		{CodeUnknown, "Unknown"},
	}
}

// TypeCodes returns every type code of NOMIS.
func TypeCodes() []Term[TypeCode] {
	return []Term[TypeCode]{
		{TypeCell, "Do Not Locate in Same Cell"},
		{TypeLanding, "Do Not Locate on Same Landing"},
		{TypeWing, "Do Not Locate on Same Wing"},
		{TypeDoNotExercise, "Do Not Exercise Together"},
		{TypeTotal, "Total Non Association"},
	}
}

// Contains reports whether a vocabulary has a code.
func Contains[W ~string](vocabulary []Term[W], word W) bool {
	for _, term := range vocabulary {
		if term.Code == word {
			return true
		}
	}
	return false
}
