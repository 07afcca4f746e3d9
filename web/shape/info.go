package shape

// Info is which build answers, and for which prisons. Texts are empty where the binary
// was built outside a repository.
type Info struct {
	Build Build `json:"build"`
	Git   Git   `json:"git"`
	// ProductID is the service catalogue's id, or "default".
	ProductID string `json:"productId"`
	// ActiveAgencies are the prisons at BOTH or DPS, "***" when all known ones are;
	// null: the log does not answer.
	ActiveAgencies *[]string `json:"activeAgencies"`
}

// Build is the name and the version of the service.
type Build struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Git is the commit that the binary was built from.
type Git struct {
	Commit Commit `json:"commit"`
}

// Commit is the id and the time (RFC 3339) of a commit.
type Commit struct {
	ID   string `json:"id"`
	Time string `json:"time"`
}
