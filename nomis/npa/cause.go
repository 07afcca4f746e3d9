package npa

// Cause is what a request is made for. It is a label of a metric: never change a value.
type Cause string

// The causes.
const (
	Turn           Cause = "turn"           // a pair is kept in step
	Migration      Cause = "migration"      // a run of a migration
	Reconciliation Cause = "reconciliation" // a run of a reconciliation
	Operator       Cause = "operator"       // a person asks
	SwitchOver     Cause = "switch-over"    // which screens NOMIS blocks
	Probe          Cause = "probe"          // whether NOMIS answers
)

// Causes returns every cause.
func Causes() []Cause {
	return []Cause{Turn, Migration, Reconciliation, Operator, SwitchOver, Probe}
}

// Counts returns how many requests were sent for each of [Causes] since New. Requests for
// tokens are not counted, since they do not go to NOMIS.
func (a *API) Counts() map[Cause]int64 {
	counts := make(map[Cause]int64, len(a.counts))
	for cause, count := range a.counts {
		counts[cause] = count.Load()
	}
	return counts
}

// Requests returns how many requests this client has sent. A run that has a client of its
// own knows by it what it cost.
func (c *Client) Requests() int64 { return c.requests.Load() }
