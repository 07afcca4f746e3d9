# Everything a person or the CI does here is a target; `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
GOLANGCI := .bin/golangci-lint
GOVULNCHECK_VERSION := v1.9.0
HELM_VERSION := v3.22.0
HELM := .bin/helm
NPM := internal/dev/npm
NODE_AT_LEAST := 18
# Root needs no sudo, and a container often has none.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo "sudo -n")

# The commit is stamped in where git knows it.
VCS := $(shell git status --porcelain >/dev/null 2>&1 && echo true || echo false)

export PORT ?= 8080
export DATA_DIR ?= .data
# Two runs of one commit have the same histories. 0 draws others, as properties does.
export RAPID_SEED ?= 1

.PHONY: help
help: ## list what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the programs into bin/
	@mkdir -p bin
	go build -buildvcs=$(VCS) -o bin/ ./cmd/...

# What a run needs; the benchmark takes longer to build.
.PHONY: bin
bin:
	@mkdir -p bin
	@go build -buildvcs=$(VCS) -o bin/ ./cmd/dev ./cmd/nonassociations

.PHONY: run
run: postgres bin ## start everything here: PORT (8080), DATA_DIR (.data)
	@exec bin/dev

.PHONY: demo
demo: postgres bin ## load a made-up prison estate, into the run of DATA_DIR if there is one
	@exec bin/dev demo

.PHONY: bench
bench: postgres build peers ## measure against raw Postgres, as a table and bin/bench.json; GROWTH=1 also at 10⁶ facts
	@exec bin/bench --json bin/bench.json

# -count=1: some tests build the programs, and Go's cache does not see of what.
# -p 2 -parallel 4: much of the time is spent waiting for servers, so two cores
# take two packages and four tests of each at once. Those that take longest begin first,
# so that none is left at the end with a processor to itself. `make vet` is a target of its
# own.
LONGEST = ./web/screens ./cmd/internal/app ./cmd/nonassociations ./cmd/dev ./projections ./web/screens/govuk

.PHONY: test
test: tools postgres npm helm ## all tests
	go test -count=1 -vet=off -p 2 -parallel 4 -timeout 15m $(LONGEST) ./...

# The race detector makes tests slower by half to ten times. Left out are the packages
# that start whole programs, and the drawing of pages: one goroutine draws a page, so only
# what pages do at once, and every route, is looked at. Tests that have nothing for the
# detector to find lie in files named norace_test.go, and each says why.
PROGRAMS = /(cmd/(dev|nonassociations)|web/screens)$$
PAGES_AT_ONCE = happensOnce|TwoTabs|doneOnce|EveryRoute|EveryAnswer|Renew|TestFreshness|TestUpTo

.PHONY: race
race: tools postgres npm helm ## the tests under the race detector
	go test -race -count=1 -vet=off -p 2 -parallel 4 -timeout 20m $$(go list ./... | grep -vE '$(PROGRAMS)')
	go test -race -count=1 -vet=off -parallel 4 -timeout 10m -run '$(PAGES_AT_ONCE)' ./web/screens

# What takes less than a minute: not the packages that kill
# programs and servers, walk large records or start a browser.
.PHONY: test-fast
test-fast: postgres ## the quick tests
	go test -count=1 -p 3 -parallel 4 -timeout 5m $$(go list ./... | grep -vE '/(cmd/|internal/dev/|eventstore/(esdb|consumer$$)|(projections|queries|publisher|web/api|web/screens/govuk)$$)')

CHECKS ?= 2000

.PHONY: properties
properties: tools postgres ## the tests of random histories, with new ones: CHECKS (2000) of each
	@files=$$(grep -rl --include='*_test.go' pgregory.net/rapid .); \
	names=$$(awk '/^func Test/ {name = $$2; sub(/\(.*/, "", name)} /rapid\.Check\(/ {print name}' $$files | sort -u | paste -sd'|'); \
	RAPID_SEED=0 RAPID_CHECKS=$(CHECKS) go test -count=1 -vet=off -p 2 -timeout 60m -run "^($$names)$$" $$(dirname $$files | sort -u)

# The walk over all pages writes them. Without the fonts of Liberation, which have the
# measures of Arial, everything looks too wide.
.PHONY: shots
shots: tools postgres npm ## pictures of every page and state of the screens, into .shots/
	rm -rf .shots
	SHOTS=$(CURDIR)/.shots go test -count=1 -timeout 20m -run '^TestWalk_inABrowser$$' ./web/screens
	@echo "$$(ls .shots | wc -l) pictures in .shots/"

.PHONY: vet
vet: ## go vet and gofmt
	go vet ./...
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:" $$unformatted; exit 1; fi

.PHONY: fmt
fmt: linter ## format with gofumpt and gci
	$(GOLANGCI) fmt

.PHONY: tidy
tidy: ## tidy go.mod and go.sum
	go mod tidy

# FONT=transport takes the font of GOV.UK, which only pages on GOV.UK may use.
.PHONY: assets
assets: npm ## make web/screens/govuk/assets anew from the packages of npm
	go generate ./web/screens/govuk

# Each line fails when a file in the tree is not what its generator makes.
.PHONY: verify
verify: linter npm ## check that everything generated is fresh: modules, format, documents
	go mod tidy -diff
	$(GOLANGCI) fmt --diff
	go test -count=1 ./publisher/message ./web/api -run '^Test(Documents?|OpenAPI|Route)_'
	go test -count=1 ./internal/dev/npm -run '^TestAssets_'

.PHONY: lint
lint: linter ## golangci-lint with every linter on
	$(GOLANGCI) run ./...

# Another version than the pinned one is built anew.
.PHONY: linter
linter: $(GOLANGCI)
	@$(GOLANGCI) version 2>/dev/null | grep -q "version $(GOLANGCI_VERSION:v%=%) " || { rm -f $(GOLANGCI); $(MAKE) $(GOLANGCI); }

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) from source, once"
	GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# The tests lint and render the chart with it. A build without a version of Kubernetes
# takes an old one for granted, which the chart refuses.
.PHONY: helm
helm: $(HELM)
	@$(HELM) version --short 2>/dev/null | grep -q "^$(HELM_VERSION)" || { rm -f $(HELM); $(MAKE) $(HELM); }

$(HELM):
	@echo "building helm $(HELM_VERSION) from source, once"
	GOBIN=$(CURDIR)/.bin go install -ldflags "-X helm.sh/helm/v3/internal/version.version=$(HELM_VERSION) -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=33" \
	  helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)

# The database of known vulnerabilities is a web page of its own, which a closed
# network does not reach: then nothing is checked, with a message. What is
# found, and every other error, fails.
.PHONY: vuln
vuln: ## govulncheck, where its database can be had
	@out=$$(go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./... 2>&1) && echo "$$out" || { \
	  if grep -q '^govulncheck: fetching vulnerabilities' <<<"$$out"; then \
	    echo "govulncheck checked nothing: its database cannot be reached from here"; \
	  else echo "$$out"; exit 1; fi; }

# Tessera shares no code with the service. It is a module of its own.
.PHONY: fsck
fsck: ## let Tessera check the folder of an archive, and reject damaged ones
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	FSCK_DIR="$$dir" go test -count=1 -run '^TestFolder_isTheTreeOfItsCheckpoint$$' ./audit/evidence/archive && \
	cd internal/fsck && timeout 300 go run . "$$dir/archive" "$$dir/vkey" && FSCK_DIR="$$dir" go test -count=1 -timeout 5m .

.PHONY: ci
ci: verify vet lint vuln test race fsck ## what the CI checks

.PHONY: clean
clean: ## remove what was built; the data stays
	rm -rf bin

# What the machine lacks is installed where apt and the right to use it are
# there, and named in one line where they are not.

.PHONY: postgres
postgres: ## make sure that PostgreSQL is installed
	@if [ -n "$${DATABASE_URL:-}" ] || [ -n "$${PG_BINDIR:-}" ] || command -v initdb >/dev/null \
	  || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null \
	  || compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null \
	  || compgen -G '/opt/homebrew/opt/postgresql@*/bin/initdb' >/dev/null; then exit 0; fi; \
	$(call install,postgresql)

# The race detector needs a C compiler, the linters of the documents Node, the
# alerts promtool, the pages a browser and fonts with the measures of Arial.
.PHONY: tools
tools: ## make sure that the programs are there that the tests call
	@missing=; need() { local name; for name in $$1; do if command -v "$$name" >/dev/null; then return; fi; done; missing+="$${missing:+ }$$2"; }; \
	need "$${CC:-gcc}" "gcc libc6-dev"; need node nodejs; need npm npm; need promtool prometheus; \
	need "chromium-headless-shell chromium chromium-browser google-chrome chrome" chromium; \
	! command -v apt-get >/dev/null || [[ "$$(fc-list 2>/dev/null)" == *"Liberation Sans"* ]] || missing+="$${missing:+ }fonts-liberation fontconfig"; \
	[ -z "$$missing" ] || { $(call install,$$missing); }

.PHONY: npm
npm: tools ## install what the tests need of npm, as the lock file has it
	@node -e 'process.exit(parseInt(process.versions.node) >= $(NODE_AT_LEAST) ? 0 : 1)' \
	  || { echo "please install: Node $(NODE_AT_LEAST) or newer (here is $$(node --version))" >&2; exit 1; }
	@cd $(NPM) && { cmp -s package-lock.json node_modules/.installed-lock.json \
	  || { echo "installing the packages of $(NPM)" && npm ci --loglevel=error && cp package-lock.json node_modules/.installed-lock.json; }; }

# A peer is measured where it can be had: the row says what is missing.
.PHONY: peers
peers:
	@cd $(NPM)/peers && { cmp -s package-lock.json node_modules/.installed-lock.json \
	  || { npm ci --loglevel=error && cp package-lock.json node_modules/.installed-lock.json; } \
	  || echo "the benchmark goes on without its peers of npm" >&2; }

# Debian would also start servers of the system's own: PostgreSQL on port 5432,
# Prometheus on 9090. A file that exists before the package prevents it. The headless shell
# needs half the time of Chromium, where apt has it: apt knows once its lists are there.
define install
	command -v apt-get >/dev/null && $(SUDO) true 2>/dev/null || { echo "please install: $(1)   (Debian: apt-get install $(1))" >&2; exit 1; }; \
	echo "installing $(1)"; \
	if [[ " $(1) " == *" prometheus "* && -d /run/systemd/system && ! -e /etc/systemd/system/prometheus.service ]]; then \
	  $(SUDO) ln -s /dev/null /etc/systemd/system/prometheus.service; \
	fi; \
	if [ "$(1)" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	  $(SUDO) mkdir -p /etc/postgresql-common; \
	  echo "create_main_cluster = false" | $(SUDO) tee /etc/postgresql-common/createcluster.conf >/dev/null; \
	fi; \
	( $(SUDO) apt-get update -qq && packages=" $(1) " \
	  && { ! apt-cache show chromium-headless-shell 2>&1 || packages=$${packages/ chromium / chromium-headless-shell }; } \
	  && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $$packages ) >/dev/null \
	  || { echo "apt-get install $(1) failed: please install it by hand" >&2; exit 1; }
endef

# Until it is published the module has a short name. Imports, the linter's rules
# and arch_test.go have it; the program keeps its own name.
.PHONY: module
module: ## rename the module: make module NAME=github.com/…
	@[[ "$(NAME)" == */* ]] || { echo "usage: make module NAME=github.com/ministryofjustice/non-associations" >&2; exit 1; }
	@old=$$(go list -m); \
	git ls-files '*.go' | xargs sed -i -E \
	  -e "s#^(import |\s+)([a-z]+ |_ )?\"$$old/#\1\2\"$(NAME)/#" -e "s#^(const module = )\"$$old\"#\1\"$(NAME)\"#" -e "s#^(//.*\[)$$old/#\1$(NAME)/#"; \
	sed -i -E "s#(pkg: )$$old/#\1$(NAME)/#; s#(module-path: )$$old#\1$(NAME)#" .golangci.yml; \
	go mod edit -module "$(NAME)"; go build ./... && go vet ./... && go test .; \
	echo "$$old is $(NAME) now: read the change, and commit it"
