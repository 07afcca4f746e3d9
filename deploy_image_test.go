package nonassociations_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"nonassociations/internal/dev/manifests"
)

// TestDockerfile_buildsASmallImageWithoutRoot holds what the chart and compose.yaml count on.
func TestDockerfile_buildsASmallImageWithoutRoot(t *testing.T) {
	stages, err := manifests.Dockerfile(".")
	require.NoError(t, err)
	require.Empty(t, loose(stages))
	require.Equal(t, "service", stages[len(stages)-1].Name, "the last stage is what is built by default")

	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))[1]
	require.True(t, strings.HasPrefix(stages[0].From, "golang:"+version), "the image of %s builds what go.mod asks for", version)

	text, err := os.ReadFile("deploy/Dockerfile")
	require.NoError(t, err)
	for from, to := range map[string]string{
		"static-debian12:nonroot":     "static-debian12",
		"USER 65532:65532\nEXPOSE":    "USER root\nEXPOSE",
		"COPY . .":                    "ADD https://example.org/x .",
		"CGO_ENABLED=0":               "CGO_ENABLED=1",
		`ENTRYPOINT ["/nonass`:        `ENTRYPOINT /nonass`,
		"image.revision=":             "image.something=",
		"COPY --from=build /out/nona": "RUN touch /x\nCOPY --from=build /out/nona",
	} {
		require.Contains(t, string(text), from)
		require.NotEmpty(t, loose(manifests.ParseDockerfile(strings.Replace(string(text), from, to, 1))), "the rule can fail: %s", to)
	}
}

// loose lists what is wrong with the stages.
func loose(stages []manifests.Stage) []string {
	var faults, names []string
	for _, stage := range stages {
		_, tag, _ := strings.Cut(stage.From[strings.LastIndex(stage.From, "/")+1:], ":")
		if !slices.Contains(names, stage.From) && (tag == "" || tag == "latest") {
			faults = append(faults, stage.From+" is no fixed image")
		}
		names = append(names, stage.Name)
		faults = append(faults, looseIn(stage)...)
	}
	return faults
}

func looseIn(stage manifests.Stage) []string {
	var faults []string
	user, labels := "", ""
	for _, one := range stage.Instructions {
		switch one.Word {
		case "ADD":
			faults = append(faults, stage.Name+" has ADD, which may fetch an address")
		case "USER":
			user = one.Rest
		case "LABEL":
			labels += one.Rest
		case "RUN":
			if stage.Name != "build" {
				faults = append(faults, stage.Name+" runs something in an image without a shell")
			}
			if strings.Contains(one.Rest, "go build") && (!strings.Contains(one.Rest, "CGO_ENABLED=0") || !strings.Contains(one.Rest, "-trimpath")) {
				faults = append(faults, "the program needs libraries of the image, or names folders of the machine")
			}
		case "ENTRYPOINT", "CMD":
			if !strings.HasPrefix(one.Rest, "[") {
				faults = append(faults, stage.Name+" needs a shell to start, which would not pass on SIGTERM")
			}
		}
	}
	if stage.Name != "build" && !regexp.MustCompile(`^[1-9]\d*(:[1-9]\d*)?$`).MatchString(user) {
		faults = append(faults, stage.Name+" does not name a user by a number other than 0")
	}
	for _, label := range []string{"title", "version", "revision"} {
		if stage.Name == "service" && !strings.Contains(labels, "org.opencontainers.image."+label+"=") {
			faults = append(faults, "the image does not say its "+label)
		}
	}
	return faults
}

// hungry lists pods whose program would take more memory than the pod has.
func hungry(all []pod) []string {
	var faults []string
	for _, of := range all {
		for _, one := range of.spec.Containers {
			for _, variable := range one.Env {
				if variable.Name != "GOMEMLIMIT" {
					continue
				}
				limit := resource.MustParse(strings.TrimSuffix(variable.Value, "B"))
				if limit.Value() > one.Resources.Limits.Memory().Value()*9/10 {
					faults = append(faults, of.name+" is killed before Go collects")
				}
				break
			}
		}
	}
	return faults
}
