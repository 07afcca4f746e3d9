package screens

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
