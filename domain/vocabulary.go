package domain

// Role is what staff say of one prisoner in a non-association.
type Role string

// The roles.
const (
	Victim      Role = "VICTIM"
	Perpetrator Role = "PERPETRATOR"
	NotRelevant Role = "NOT_RELEVANT"
	UnknownRole Role = "UNKNOWN"
)

// Reason is why staff keep the pair apart.
type Reason string

// The reasons.
const (
	Bullying       Reason = "BULLYING"
	GangRelated    Reason = "GANG_RELATED"
	OrganisedCrime Reason = "ORGANISED_CRIME"
	LegalRequest   Reason = "LEGAL_REQUEST"
	Threat         Reason = "THREAT"
	Violence       Reason = "VIOLENCE"
	OtherReason    Reason = "OTHER"
)

// Restriction is how far apart staff keep the pair.
type Restriction string

// The restrictions.
const (
	Cell    Restriction = "CELL"
	Landing Restriction = "LANDING"
	Wing    Restriction = "WING"
)

// ReasonCode is what NOMIS says of one prisoner: role and reason in one code.
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

// TypeCode is how far apart NOMIS keeps the pair.
type TypeCode string

// The type codes of NOMIS.
const (
	TypeCell          TypeCode = "CELL"
	TypeLanding       TypeCode = "LAND"
	TypeWing          TypeCode = "WING"
	TypeDoNotExercise TypeCode = "NONEX"
	TypeTotal         TypeCode = "TNA"
)

// Term is one word of a vocabulary with the description that people read.
type Term[W ~string] struct {
	Code        W
	Description string
}

// Roles lists every role in the order that staff see them.
func Roles() []Term[Role] {
	return []Term[Role]{
		{Victim, "Victim"}, {Perpetrator, "Perpetrator"}, {NotRelevant, "Not relevant"}, {UnknownRole, "Unknown"},
	}
}

// Reasons lists every reason in the order that staff see them.
func Reasons() []Term[Reason] {
	return []Term[Reason]{
		{Bullying, "Bullying"}, {GangRelated, "Gang related"}, {OrganisedCrime, "Organised crime"},
		{LegalRequest, "Police or legal request"}, {Threat, "Threat"}, {Violence, "Violence"}, {OtherReason, "Other"},
	}
}

// Restrictions lists every restriction in the order that staff see them.
func Restrictions() []Term[Restriction] {
	return []Term[Restriction]{
		{Cell, "Cell only"}, {Landing, "Cell and landing"}, {Wing, "Cell, landing and wing"},
	}
}

// ReasonCodes lists every reason code of NOMIS.
func ReasonCodes() []Term[ReasonCode] {
	return []Term[ReasonCode]{
		{CodeVictim, "Victim"}, {CodePerpetrator, "Perpetrator"}, {CodeBullying, "Anti Bullying Strategy"},
		{CodeRivalGang, "Rival Gang"}, {CodeNotRelevant, "Not Relevant"}, {CodeUnknown, "Unknown"},
	}
}

// TypeCodes lists every type code of NOMIS.
func TypeCodes() []Term[TypeCode] {
	return []Term[TypeCode]{
		{TypeCell, "Do Not Locate in Same Cell"}, {TypeLanding, "Do Not Locate on Same Landing"},
		{TypeWing, "Do Not Locate on Same Wing"}, {TypeDoNotExercise, "Do Not Exercise Together"},
		{TypeTotal, "Total Non Association"},
	}
}

// Contains tells whether the vocabulary has the word.
func Contains[W ~string](vocabulary []Term[W], word W) bool {
	for _, term := range vocabulary {
		if term.Code == word {
			return true
		}
	}
	return false
}
