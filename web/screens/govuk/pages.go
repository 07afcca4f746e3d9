package govuk

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"sync"
)

//go:embed templates
var templates embed.FS

// functions are what templates may call.
var functions = template.FuncMap{
	"asset": AssetURL, "date": Date, "dateTime": DateTime, "shortDate": ShortDate,
	"possessive": Possessive, "count": Count,
}

// components returns the templates of the components and of the frame. Each call returns
// a new set, because a set that was executed takes no more templates.
func components() *template.Template {
	return template.Must(template.New("").Funcs(functions).Option("missingkey=error").ParseFS(templates, "templates/*.gohtml"))
}

// drawn is the set that HTML executes.
var drawn = sync.OnceValue(components)

// HTML draws one component, for a field that takes markup. Error: there is no template of
// the struct's name.
func HTML(component any) (template.HTML, error) {
	var out bytes.Buffer
	name := reflect.Indirect(reflect.ValueOf(component)).Type().Name()
	if err := drawn().ExecuteTemplate(&out, name, component); err != nil {
		return "", fmt.Errorf("draw %s: %w", name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // html/template has escaped it
}

// Pages are the templates of all pages. They are safe for concurrent use.
type Pages struct{ byName map[string]*template.Template }

// frame is what the template "layout" gets.
type frame struct {
	Layout Layout
	Page   any
}

// Parse reads every *.gohtml of a folder: the name of a page is that of its file without
// the ending. Files whose names begin with "_" hold what several pages share. Error: a
// file is no template, names a template that does not exist, or puts a value where it
// cannot be escaped.
func Parse(pages fs.FS) (*Pages, error) {
	names, err := fs.Glob(pages, "*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	base, own := components(), []string{}
	for _, name := range names {
		if !strings.HasPrefix(path.Base(name), "_") {
			own = append(own, name)
			continue
		}
		if _, err := base.ParseFS(pages, name); err != nil {
			return nil, fmt.Errorf("parse templates: %w", err)
		}
	}
	p := &Pages{byName: map[string]*template.Template{}}
	for _, name := range own {
		set, err := parsePage(base, pages, name)
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		p.byName[strings.TrimSuffix(name, ".gohtml")] = set
	}
	return p, nil
}

// parsePage returns the templates of one page.
func parsePage(base *template.Template, pages fs.FS, name string) (*template.Template, error) {
	text, err := fs.ReadFile(pages, name)
	if err != nil {
		return nil, err
	}
	set, err := base.Clone()
	if err != nil {
		return nil, err
	}
	if _, err := set.New("content").Parse(string(text)); err != nil {
		return nil, err
	}
	// The first execution works out how each value is escaped. It happens here, so that a
	// fault stops the start and not a page. Without data the execution itself may fail.
	var fault *template.Error
	if err := set.ExecuteTemplate(io.Discard, "layout", frame{}); errors.As(err, &fault) {
		return nil, fault
	}
	return set, nil
}

// Render draws a whole page into memory. Errors: there is no such page, or its template
// asks for what the page does not have.
func (p *Pages) Render(layout Layout, name string, page any) ([]byte, error) {
	set, ok := p.byName[name]
	if !ok {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	var out bytes.Buffer
	if err := set.ExecuteTemplate(&out, "layout", frame{layout, page}); err != nil {
		return nil, fmt.Errorf("draw page %s: %w", name, err)
	}
	return out.Bytes(), nil
}
