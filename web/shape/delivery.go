package shape

// Delivery says whether NOMIS has a non-association as it is. Times are RFC 3339.
type Delivery struct {
	State             DeliveryState    `json:"state"`
	Since             *string          `json:"since"` // of PENDING and HELD
	Until             *string          `json:"until"` // of HELD: the day; null: soon
	TypeSequence      *int             `json:"typeSequence"`
	DeliveredAt       *string          `json:"deliveredAt"` // when NOMIS was last known to have it
	DeliveredRevision *uint64          `json:"deliveredRevision"`
	Shortened         bool             `json:"shortened"`       // NOMIS cannot hold the whole of a text
	AlsoOpenInNOMIS   []int            `json:"alsoOpenInNOMIS"` // sequences; never null
	Problem           *DeliveryProblem `json:"problem"`
}

// DeliveryState is where a non-association stands with NOMIS.
type DeliveryState string

// The states.
const (
	InStep     DeliveryState = "IN_STEP"
	Pending    DeliveryState = "PENDING"
	Held       DeliveryState = "HELD"         // NOMIS takes no date to come
	NotInNOMIS DeliveryState = "NOT_IN_NOMIS" // deleted, and not there
)

// DeliveryProblem is why the two are not brought into step.
type DeliveryProblem struct {
	Problem string `json:"problem"`
	Why     string `json:"why"`
	Since   string `json:"since"`
}
