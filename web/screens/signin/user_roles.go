package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const (
	userRolesTime = 2 * time.Second // bounds one call
	userRolesAway = 5 * time.Second // in which a service that was away is not asked again
	maxUserRoles  = 1 << 20
)

// errUserRolesAway means that the service does not answer now.
var errUserRolesAway = errors.New("the service of user roles does not answer now")

// userRoles asks the service of user roles for caseloads. It is safe for concurrent use.
type userRoles struct {
	url    string
	client *http.Client
	clock  func() time.Time
	asking singleflight.Group
	away   away
}

func newUserRoles(o Options) *userRoles {
	return &userRoles{url: strings.TrimRight(o.UserRolesURL, "/") + "/me/caseloads", client: o.Client, clock: o.Clock}
}

// userCaseloads is the service's answer.
type userCaseloads struct {
	Active *namedCaseload  `json:"activeCaseload"`
	All    []namedCaseload `json:"caseloads"`
}

type namedCaseload struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ask returns the caseloads of the user of a token, once for all requests of a session.
// NOMIS has caseloads that are no prison: those are left out. The error is
// errUserRolesAway, whatever the service answers: one that refuses a token signs nobody
// out.
func (u *userRoles) ask(ctx context.Context, session store.ID, token string) (store.Caseloads, error) {
	result, err, _ := u.asking.Do(string(session[:]), func() (any, error) {
		now := u.clock()
		if u.away.since(now, userRolesAway) {
			return store.Caseloads{}, errUserRolesAway
		}
		answer, err := u.get(context.WithoutCancel(ctx), token)
		if err != nil {
			u.away.fails(now)
			return store.Caseloads{}, err
		}
		return answer.caseloads(now), nil
	})
	found, _ := result.(store.Caseloads)
	return found, err
}

// get sends the request. Its errors quote nothing of the answer.
func (u *userRoles) get(ctx context.Context, token string) (userCaseloads, error) {
	ctx, cancel := context.WithTimeout(ctx, userRolesTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url, nil)
	if err != nil {
		return userCaseloads{}, fmt.Errorf("ask for caseloads: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	response, err := u.client.Do(request)
	if err != nil {
		return userCaseloads{}, fmt.Errorf("ask for caseloads: %w", errUserRolesAway)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return userCaseloads{}, fmt.Errorf("ask for caseloads: the answer is %d: %w", response.StatusCode, errUserRolesAway)
	}
	var answer userCaseloads
	if err := json.UnmarshalRead(io.LimitReader(response.Body, maxUserRoles), &answer); err != nil || answer.All == nil {
		return userCaseloads{}, fmt.Errorf("ask for caseloads: the answer cannot be read: %w", errUserRolesAway)
	}
	return answer, nil
}

// caseloads returns the prisons of the answer, each once, in its order.
func (a userCaseloads) caseloads(at time.Time) store.Caseloads {
	c := store.Caseloads{At: at, All: []store.Caseload{}}
	seen := map[domain.PrisonID]bool{}
	for _, one := range a.All {
		if id, err := domain.ParsePrisonID(one.ID); err == nil && !seen[id] {
			seen[id] = true
			c.All = append(c.All, store.Caseload{ID: id, Name: one.Name})
		}
	}
	if a.Active != nil {
		if id, err := domain.ParsePrisonID(a.Active.ID); err == nil {
			c.Active = id
		}
	}
	return c
}
