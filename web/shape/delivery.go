package shape

// Delivery says whether NOMIS has a non-association as it is. Times are RFC 3339.
type Delivery struct {
	State             string           `json:"state"` // a nomis.DeliveryState
	Since             *string          `json:"since"` // of PENDING and HELD
	Until             *string          `json:"until"` // of HELD: the day; null: soon
	TypeSequence      *int             `json:"typeSequence"`
	DeliveredAt       *string          `json:"deliveredAt"` // when NOMIS was last known to have it
	DeliveredRevision *uint64          `json:"deliveredRevision"`
	Shortened         bool             `json:"shortened"`       // NOMIS cannot hold the whole of a text
	AlsoOpenInNOMIS   []int            `json:"alsoOpenInNOMIS"` // sequences; never null
	Problem           *DeliveryProblem `json:"problem"`
}

// DeliveryProblem is why the two are not brought into step.
type DeliveryProblem struct {
	Problem string `json:"problem"`
	Why     string `json:"why"`
	Since   string `json:"since"`
}
