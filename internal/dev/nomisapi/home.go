package nomisapi

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed home.html
var homeHTML string

var homeTemplate = template.Must(template.New("home").Parse(homeHTML))

// homePage is what the page for people shows.
type homePage struct {
	A, B    string
	Reasons []string
	Types   []string
	Today   string
	Asked   bool
	Rows    tables
	Calls   []call
	Faults  []Fault
	Kinds   []struct{ Name, What string }
	Pairs   []numbersPair
	Total   int
}

// home is GET /: what a developer would otherwise ask for with several calls. With ?a=&b=
// it shows a pair.
func (s *Server) home(r *http.Request, _ *call) (answer, error) {
	show := homePage{
		A: r.URL.Query().Get("a"), B: r.URL.Query().Get("b"), Reasons: reasons, Types: types, Today: s.today(), Faults: s.faults.list(),
	}
	show.Asked = show.A != "" && show.B != ""
	for _, kind := range kinds {
		show.Kinds = append(show.Kinds, struct{ Name, What string }{kind.name, kind.what})
	}
	var pair pairKey
	if show.Asked {
		pair = keyOf(show.A, show.B)
		rows, err := s.read(r.Context(), show.A, show.B)
		if err != nil {
			return answer{}, err
		}
		show.Rows = rowsOf(rows)
	}
	var err error
	if show.Calls, err = s.callsOf(r.Context(), pair); err != nil {
		return answer{}, err
	}
	show.Calls = show.Calls[max(0, len(show.Calls)-lastCalls):]
	if show.Pairs, show.Total, err = s.page(r.Context(), 0, defaultSize); err != nil {
		return answer{}, err
	}
	var text bytes.Buffer
	if err := homeTemplate.Execute(&text, show); err != nil {
		return answer{}, fmt.Errorf("draw the page: %w", err)
	}
	return answer{http.StatusOK, "text/html; charset=utf-8", text.String()}, nil
}

// lastCalls is how many calls the page shows.
const lastCalls = 50
