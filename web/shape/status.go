package shape

import "time"

// SystemStatus is what the parts of the service say of themselves, without session and
// read model.
type SystemStatus struct {
	Status HealthStatus `json:"status"` // UP while every part could be asked and is well
	Build  string       `json:"build"`
	Parts  []PartStatus `json:"parts"` // never null
}

// PartStatus is one part. A part that did not answer in time is neither asked nor ok.
type PartStatus struct {
	Part    string         `json:"part"`
	Asked   bool           `json:"asked"`
	OK      bool           `json:"ok"`      // it was asked and nothing is over its threshold
	Numbers map[string]any `json:"numbers"` // never null; no personal data
	Since   *time.Time     `json:"since"`   // since when it is not ok; null: it is, or that is not known
	Runbook *string        `json:"runbook"` // null: there is none
}

// NewSystemStatus returns the answer for parts.
func NewSystemStatus(build string, parts []PartStatus) SystemStatus {
	all := SystemStatus{Status: Up, Build: build, Parts: parts}
	for i := range parts {
		if parts[i].Numbers == nil {
			parts[i].Numbers = map[string]any{}
		}
		if !parts[i].OK {
			all.Status = Down
		}
	}
	return all
}

// AllAsked reports whether every part could be asked.
func (s SystemStatus) AllAsked() bool {
	for _, p := range s.Parts {
		if !p.Asked {
			return false
		}
	}
	return true
}
