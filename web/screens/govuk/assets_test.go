package govuk_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/govuk"
)

// get asks for an asset.
func get(t *testing.T, method, address string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	govuk.Assets().ServeHTTP(w, r)
	return w
}

// address is that of an asset.
func address(t *testing.T, name string) string {
	t.Helper()
	url, err := govuk.AssetURL(name)
	require.NoError(t, err)
	return url
}

func TestAssets_areKeptForEver(t *testing.T) {
	for name, kind := range map[string]string{
		"govuk-frontend.min.css": "text/css; charset=utf-8", "moj-frontend.min.css": "text/css; charset=utf-8",
		"govuk-frontend.min.js": "text/javascript; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8",
		"favicon.svg": "image/svg+xml", "images/icon-document.svg": "image/svg+xml",
	} {
		url := address(t, name)
		require.Regexp(t, `^/assets/[0-9a-f]{12}/`+regexp.QuoteMeta(name)+`$`, url)
		w := get(t, http.MethodGet, url)
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, kind, w.Header().Get("Content-Type"), name)
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Empty(t, w.Header().Get("Content-Encoding"))
		require.Equal(t, name, path.Join(strings.Split(url, "/")[3:]...))

		zipped := get(t, http.MethodGet, url, "Accept-Encoding", "br, gzip;q=0.5")
		require.Equal(t, "Accept-Encoding", zipped.Header().Get("Vary"))
		if zipped.Header().Get("Content-Encoding") == "gzip" {
			require.Less(t, zipped.Body.Len(), w.Body.Len(), name)
			reader, err := gzip.NewReader(zipped.Body)
			require.NoError(t, err)
			plain, err := io.ReadAll(reader)
			require.NoError(t, err)
			require.Equal(t, w.Body.String(), string(plain), name)
		}
		head := get(t, http.MethodHead, url)
		require.Equal(t, w.Header(), head.Header())
		require.Empty(t, head.Body.String())
	}
	require.Equal(t, "gzip", get(t, http.MethodGet, address(t, "app.css"), "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
	for _, refused := range []string{"", "gzip;q=0", "br", "gzip;q=x", "xgzip"} {
		w := get(t, http.MethodGet, address(t, "app.css"), "Accept-Encoding", refused)
		require.Empty(t, w.Header().Get("Content-Encoding"), refused)
	}
}

// TestAssets_areTheCurrentOnesAlone: neither another version, nor a file that is not
// theirs, nor a folder.
func TestAssets_areTheCurrentOnesAlone(t *testing.T) {
	current := strings.TrimSuffix(address(t, "app.css"), "app.css")
	for _, unknown := range []string{
		"/assets/", "/assets/000000000000/app.css", "/assets/app.css", current, current + "images", current + "images/",
		current + "nothing.css", current + "../app.css", current + "%2e%2e/doc.go", current + "own/app.css", current + "app.css/",
	} {
		w := get(t, http.MethodGet, unknown)
		require.Equal(t, http.StatusNotFound, w.Code, unknown)
		require.NotContains(t, w.Header().Get("Cache-Control"), "immutable", unknown)
	}
	_, err := govuk.AssetURL("nothing.css")
	require.Error(t, err)
}

// TestAssets_nameNothingElsewhere: each address in a style sheet or script is a file of
// ours, so that a page loads nothing that the policy refuses.
func TestAssets_nameNothingElsewhere(t *testing.T) {
	named := regexp.MustCompile(`url\(([^)]*)\)|(?:from|import)\s*['"]([^'"]*)['"]|@import[^;]*|sourceMappingURL`)
	for _, name := range []string{"govuk-frontend.min.css", "moj-frontend.min.css", "app.css", "app.js", "govuk-frontend.min.js", "moj-frontend.min.js"} {
		for _, found := range named.FindAllStringSubmatch(get(t, http.MethodGet, address(t, name)).Body.String(), -1) {
			address(t, strings.TrimPrefix(found[1]+found[2], "./"))
		}
	}
}

// TestAssets_areServedAsTheyAreCommitted: every file, and no other.
func TestAssets_areServedAsTheyAreCommitted(t *testing.T) {
	for _, folder := range []string{"assets", "assets/images", "own"} {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			text, err := os.ReadFile(path.Join(folder, entry.Name()))
			require.NoError(t, err)
			name := strings.TrimPrefix(strings.TrimPrefix(path.Join(folder, entry.Name()), "own/"), "assets/")
			require.Equal(t, string(text), get(t, http.MethodGet, address(t, name)).Body.String(), name)
		}
	}
}
