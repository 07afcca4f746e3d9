package screens

import "nonassociations/web/screens/store"

// RouteInfo is what a walk over all routes needs to know of one.
type RouteInfo struct {
	Method, Path string
	Open         bool   // needs no session
	Role         string // that opens it; "" for any role of the service
	Audited      bool   // it may show a person
}

// AllRoutes returns every route.
func (s *Screens) AllRoutes() []RouteInfo {
	var all []RouteInfo
	for _, rt := range s.routes() {
		all = append(all, RouteInfo{rt.method, rt.path, rt.access == everybody, roleOf[rt.access], rt.page != ""})
	}
	return all
}

// NumbersIn returns the prisoner numbers that the view audit finds in a page.
var NumbersIn = numbersIn

// AgainPages returns every page of the view audit that this build can show again, or says
// why not.
func AgainPages() (all []store.Page) {
	for page := range againWhy {
		all = append(all, page)
	}
	return all
}

// AuditedPages returns the page of each route that shows a person.
func (s *Screens) AuditedPages() (all []store.Page) {
	for _, rt := range s.routes() {
		if rt.page != "" {
			all = append(all, rt.page)
		}
	}
	return all
}
