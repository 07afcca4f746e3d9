package manifests

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Compose is a compose file, as far as ours uses the format. A key beyond that is refused.
type Compose struct {
	Name     string             `yaml:"name"`
	Services map[string]Service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
	// What others refer to.
	Templates map[string]any `yaml:",inline"`
}

// Service is one container.
type Service struct {
	Image       string `yaml:"image"`
	Build       *Build `yaml:"build"`
	Entrypoint  []string
	Command     []string `yaml:"command"`
	User        string   `yaml:"user"`
	Restart     string   `yaml:"restart"`
	StopGrace   string   `yaml:"stop_grace_period"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	CapAdd      []string `yaml:"cap_add"`
	SecurityOpt []string `yaml:"security_opt"`
	Ports       []string
	Environment map[string]string
	Volumes     []string
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Retries  int      `yaml:"retries"`
	} `yaml:"healthcheck"`
}

// Build says of what an image is built.
type Build struct {
	Context, Dockerfile, Target string
}

// required matches a variable of .env that must be set.
var required = regexp.MustCompile(`\$\{([A-Z_]+):\?[^}]*\}`)

// LoadCompose reads deploy/compose.yaml with values for the variables of .env. Errors: a key
// that the format does not have here, or a variable without a value.
func LoadCompose(root string, env map[string]string) (Compose, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "compose.yaml"))
	if err != nil {
		return Compose{}, err
	}
	var missing []string
	filled := required.ReplaceAllStringFunc(string(text), func(place string) string {
		name := required.FindStringSubmatch(place)[1]
		if env[name] == "" {
			missing = append(missing, name)
		}
		return env[name]
	})
	if len(missing) > 0 {
		return Compose{}, fmt.Errorf("%s is not set", strings.Join(missing, ", "))
	}
	if at := strings.Index(filled, "${"); at >= 0 {
		return Compose{}, fmt.Errorf("a variable has a default, or none to be missed: %.40s", filled[at:])
	}
	var read Compose
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(filled)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&read); err != nil {
		return Compose{}, fmt.Errorf("read compose.yaml: %w", err)
	}
	for name := range read.Templates {
		if !strings.HasPrefix(name, "x-") {
			return Compose{}, fmt.Errorf("compose.yaml has %s, which the format does not", name)
		}
	}
	return read, nil
}
