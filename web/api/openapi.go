package api

import (
	"context"
	"embed"
	"net/http"
	"path"
	"sync"

	"github.com/go-chi/chi/v5"
)

// openAPI is the contract. Tests compare it with routes, roles, parameters and answers.
//
//go:embed openapi.json
var openAPI []byte

// swaggerUI is the page of the contract: swagger-ui-dist in dist, which a test compares
// with its npm package byte for byte, and our own files beside it.
//
//go:embed swagger-ui/*.html swagger-ui/*.js swagger-ui/dist/*.js swagger-ui/dist/*.css swagger-ui/dist/*.png
var swaggerUI embed.FS

// swaggerFolders are served under one path.
var swaggerFolders = []string{"swagger-ui", "swagger-ui/dist"}

// swaggerPage is where the other addresses of the documentation redirect to.
const swaggerPage = "/swagger-ui/index.html"

// documentation adds the routes of the contract, at the paths where the services of the
// department have theirs.
func (a *API) documentation(mux *chi.Mux) {
	document := a.open(always(mediaJSON, openAPI))
	mux.Get("/openapi.json", document)
	mux.Get("/v3/api-docs", document)
	mux.Get("/swagger-ui/{file}", a.open(swaggerFile(swaggerFiles())))
	mux.Get("/swagger-ui.html", a.open(leadsToThePage))
	mux.Get("/docs", a.open(leadsToThePage))
}

// swaggerFiles returns the endpoint of each file of the page by file name. They are made
// once a process: their tags are hashes of 2 MB.
var swaggerFiles = sync.OnceValue(func() map[string]public {
	files := map[string]public{}
	for _, folder := range swaggerFolders {
		entries, err := swaggerUI.ReadDir(folder)
		if err != nil {
			panic("the embedded page cannot be read: " + err.Error()) // a bug: a test reads it
		}
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			body, err := swaggerUI.ReadFile(path.Join(folder, entry.Name()))
			if err != nil {
				panic("the embedded page cannot be read: " + err.Error()) // a bug: a test reads it
			}
			files[entry.Name()] = always(media[path.Ext(entry.Name())], body)
		}
	}
	return files
})

// media are the content types by file extension. The table of the machine may lack them.
var media = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".png":  "image/png",
}

// swaggerFile serves the files of the page by name. A name that is not embedded is a
// 404: no path reaches the file system.
func swaggerFile(files map[string]public) public {
	return func(ctx context.Context, r *http.Request) (response, error) {
		file, is := files[chi.URLParam(r, "file")]
		if !is {
			return response{}, noSuchRoute()
		}
		return file(ctx, r)
	}
}

// leadsToThePage redirects the addresses that other services of the department use.
func leadsToThePage(context.Context, *http.Request) (response, error) {
	return response{status: http.StatusFound, location: swaggerPage}, nil
}
