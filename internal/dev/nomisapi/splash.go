package nomisapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// everywhere stands for all prisons.
const everywhere = "**ALL**"

// splashScreen is what NOMIS shows before a screen of its own, and for which prisons it
// blocks the screen.
type splashScreen struct {
	Module      string      `json:"moduleName"`
	AccessType  string      `json:"accessBlockedType"` // YES, NO or COND: as the conditions say
	WarningText *string     `json:"warningText,omitempty"`
	BlockedText *string     `json:"blockedText,omitempty"`
	Conditions  []condition `json:"conditions"`
}

type condition struct {
	PrisonID string `json:"prisonId"` // or everywhere
	Blocked  bool   `json:"accessBlocked"`
	Type     string `json:"type"`
}

// blockedPrison is an element of the list of blocked prisons.
type blockedPrison struct {
	PrisonID string `json:"prisonId"`
}

// blockedPrisons returns where the screen is blocked.
func (s splashScreen) blockedPrisons() []blockedPrison {
	found := []blockedPrison{}
	if s.AccessType == "YES" {
		return append(found, blockedPrison{everywhere})
	}
	for _, c := range s.Conditions {
		if s.AccessType == "COND" && c.Blocked {
			found = append(found, blockedPrison{c.PrisonID})
		}
	}
	return found
}

// screen returns the screen of the module in the path; pgx.ErrNoRows when NOMIS has none.
func (s *Server) screen(r *http.Request) (screen splashScreen, err error) {
	err = s.db.QueryRow(r.Context(), `SELECT screen FROM splash_screens WHERE module_name = $1`, r.PathValue("module")).Scan(&screen)
	return screen, err
}

// splashScreen is GET /splash-screens/{module}.
func (s *Server) splashScreen(r *http.Request, _ *call) (answer, error) {
	screen, err := s.screen(r)
	if errors.Is(err, pgx.ErrNoRows) {
		return answer{}, notFound("Splash screen with module name %s does not exist", r.PathValue("module"))
	}
	return ok(screen), err
}

// blocked is GET /splash-screens/{module}/blocked. A module that NOMIS does not have is
// blocked nowhere, as in the real API.
func (s *Server) blocked(r *http.Request, _ *call) (answer, error) {
	screen, err := s.screen(r)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return ok(screen.blockedPrisons()), err
}

// staffSplashScreen is PUT /staff/splash-screens/{module}: what a ticket to NOMIS's
// operators does.
func (s *Server) staffSplashScreen(r *http.Request, c *call) (answer, error) {
	screen := splashScreen{AccessType: "COND"}
	if err := json.Unmarshal([]byte(c.Body), &screen); err != nil {
		return answer{}, badRequest("the body must be a splash screen: %v", err)
	}
	screen.Module = r.PathValue("module")
	if screen.Conditions == nil {
		screen.Conditions = []condition{}
	}
	text, _ := json.Marshal(screen) // cannot fail
	_, err := s.db.Exec(r.Context(), `INSERT INTO splash_screens (module_name, screen) VALUES ($1, $2::text::jsonb)
		ON CONFLICT (module_name) DO UPDATE SET screen = excluded.screen`, screen.Module, string(text))
	return answer{status: http.StatusOK, body: screen}, err
}
