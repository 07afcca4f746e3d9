package api

import (
	"cmp"
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/web/shape"
)

// serviceName is the name in /info.
const serviceName = "nonassociations"

// noProduct is the productId of a service of the estate that was given none.
const noProduct = "default"

// infoTime bounds how long /info waits for the log: the build is known without it.
const infoTime = time.Second

// infoOf returns what the toolchain stamped into the binary, with the given version and
// product.
func infoOf(version, productID string) shape.Info {
	i := shape.Info{Build: shape.Build{Name: serviceName, Version: version}, ProductID: cmp.Or(productID, noProduct)}
	if build, known := debug.ReadBuildInfo(); known {
		if version == "" {
			i.Build.Version = build.Main.Version
		}
		// A binary that was built outside of a checkout has no such settings, and the
		// fields stay empty.
		for _, setting := range build.Settings {
			switch setting.Key {
			case "vcs.revision":
				i.Git.Commit.ID = setting.Value
			case "vcs.time":
				i.Git.Commit.Time = setting.Value
			}
		}
	}
	return i
}

// info answers with the build and with the prisons that use this service. A log that
// does not answer costs the prisons alone.
func (a *API) info(build shape.Info) public {
	return func(ctx context.Context, _ *http.Request) (response, error) {
		i := build
		i.ActiveAgencies = a.activeAgencies(ctx)
		body, err := json.Marshal(i)
		return response{status: http.StatusOK, body: body, etag: etagOf(body)}, err
	}
}

// activeAgencies returns the prisons at BOTH or DPS; nil when they cannot be known now.
func (a *API) activeAgencies(ctx context.Context) *[]string {
	ctx, cancel := context.WithTimeout(ctx, infoTime)
	defer cancel()
	state, err := a.commands.CachedSwitchOver(ctx)
	if err == nil {
		given, unlisted := a.knownPrisons(ctx)
		if unlisted == nil {
			active := shape.ActiveAgencies(state, given)
			return &active
		}
		err = unlisted
	}
	a.logger.WarnContext(ctx, "information without the active agencies", "error", err)
	return nil
}
