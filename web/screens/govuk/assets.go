package govuk

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:generate ./make-assets.sh ../../../internal/dev/npm/node_modules assets testdata/fixtures

//go:embed assets own
var files embed.FS

// asset is one file as it is sent.
type asset struct {
	kind        string // Content-Type
	plain, gzip []byte // gzip is nil where it saves nothing
}

// assets has all files by name, and the prefix of their addresses.
type assets struct {
	prefix string
	byName map[string]asset
}

// loaded reads the embedded files once. Their hash is in the address, so that a browser
// may keep them for ever, and never mixes two versions.
var loaded = sync.OnceValue(func() assets {
	a := assets{byName: map[string]asset{}}
	hash := sha256.New()
	for _, folder := range []string{"assets", "own"} {
		err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			body, err := files.ReadFile(name)
			if err != nil {
				return err
			}
			name = strings.TrimPrefix(name, folder+"/")
			fmt.Fprintf(hash, "%s %d\n", name, len(body))
			hash.Write(body)
			a.byName[name] = asset{kind: mime.TypeByExtension(path.Ext(name)), plain: body, gzip: compressed(body)}
			return nil
		})
		if err != nil {
			panic(err) // embedded files are always there
		}
	}
	a.prefix = "/assets/" + hex.EncodeToString(hash.Sum(nil)[:6]) + "/"
	return a
})

// compressed returns a body in gzip, nil when that is not smaller.
func compressed(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = w.Write(body)
	_ = w.Close()
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// AssetURL returns the address of a file, for example
// "/assets/0123456789ab/app.css". Error: there is no such file.
func AssetURL(name string) (string, error) {
	a := loaded()
	if _, ok := a.byName[name]; !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return a.prefix + name, nil
}

// Assets answers GET and HEAD of every address below /assets/. It needs no session. An
// address with another hash than the current one is 404, so that no old page gets a new
// script. It is safe for concurrent use.
func Assets() http.Handler {
	a := loaded()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, current := strings.CutPrefix(r.URL.Path, a.prefix)
		file, ok := a.byName[name]
		if !current || !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", file.kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		body := file.plain
		if file.gzip != nil && TakesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = file.gzip
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodHead {
			return
		}
		_, _ = w.Write(body)
	})
}

// TakesGzip reports whether a request accepts gzip. A weight of 0 refuses it.
func TakesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, weighted := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return !weighted || err == nil && q > 0
		}
	}
	return false
}
