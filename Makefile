# Everything a person or the CI does here is a target; `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
GOLANGCI := .bin/golangci-lint
# Root needs no sudo, and a container often has none.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo "sudo -n")

# The commit is stamped in where git can tell it.
VCS := $(shell git status --porcelain >/dev/null 2>&1 && echo true || echo false)

export PORT ?= 8080
export DATA_DIR ?= .data

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
bench: postgres build ## measure against raw Postgres, as a table
	@exec bin/bench

# -count=1: some tests build the programs, and Go's cache does not see of what.
.PHONY: test
test: gcc postgres ## all tests, with the race detector
	go test -race -count=1 -timeout 20m ./...

.PHONY: vet
vet: ## go vet and gofmt
	go vet ./...
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:" $$unformatted; exit 1; fi

.PHONY: lint
lint: $(GOLANGCI) ## golangci-lint with every linter on
	@$(GOLANGCI) version 2>/dev/null | grep -q "version $(GOLANGCI_VERSION:v%=%) " || { rm -f $(GOLANGCI); $(MAKE) $(GOLANGCI); }
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) from source, once"
	GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: ci
ci: vet lint test ## what the CI checks

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

.PHONY: gcc
gcc: ## make sure that a C compiler is there (for the race detector)
	@command -v $${CC:-gcc} >/dev/null && exit 0; $(call install,gcc libc6-dev)

# Debian would also start a server of the system's own on port 5432: a file
# that is there before the package says no.
define install
	command -v apt-get >/dev/null && $(SUDO) true 2>/dev/null || { echo "please install: $(1)   (Debian: apt-get install $(1))" >&2; exit 1; }; \
	echo "installing $(1)"; \
	if [ "$(1)" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	  $(SUDO) mkdir -p /etc/postgresql-common; \
	  echo "create_main_cluster = false" | $(SUDO) tee /etc/postgresql-common/createcluster.conf >/dev/null; \
	fi; \
	( $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $(1) ) >/dev/null \
	  || { echo "apt-get install $(1) failed: please install it by hand" >&2; exit 1; }
endef
