# Every target works on a fresh Debian with Go, git and make.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOTESTFLAGS ?=
SHELL := bash
.SHELLFLAGS := -o pipefail -c

# Where install installs, and where programs look there for what is weeder's.
PREFIX ?= /usr/local
DESTDIR ?=
INSTALLED = $(DESTDIR)$(PREFIX)
PROGRAM := bin/weeder
MAN_PAGE := share/man/man1/weeder.1
BASH_COMPLETION := share/bash-completion/completions/weeder
ZSH_COMPLETION := share/zsh/site-functions/_weeder
FISH_COMPLETION := share/fish/vendor_completions.d/weeder.fish

# How long each fuzz target runs in test-full.
FUZZTIME ?= 10000x

# How long soak simulates.
SOAK ?= 10m

# The programs from Debian that some specs need.
TEST_NEEDS := containerd runc prometheus ruby monit shellcheck strace systemd-analyze:systemd tmux bats zsh fish groff:groff-base chromium

# What the specs leave out, such as without root, is told at the end.
LEFT_OUT := left=$$(mktemp); trap 'rm -f "$$left"' EXIT
TELL_LEFT_OUT := if [ -s "$$left" ]; then echo "left out:"; cat "$$left"; else echo "nothing was left out"; fi

.DEFAULT_GOAL := help
.PHONY: help build install uninstall release demo screenshots test test-full soak bench lint format ci clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

build: ## build bin/weeder and bin/sandbox, static
	CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags '$(LDFLAGS)' -o bin/ ./cmd/weeder ./cmd/sandbox

bin/weeder:
	$(MAKE) build

install: $(PROGRAM) ## install what is built: the program, its manual page, completions (PREFIX=/usr/local DESTDIR=)
	install -D -m 755 '$(PROGRAM)' '$(INSTALLED)/bin/weeder'
	export SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH-$$(git log -1 --format=%ct 2>/dev/null)}; \
	'$(PROGRAM)' man | install -D -m 644 /dev/stdin '$(INSTALLED)/$(MAN_PAGE)'
	'$(PROGRAM)' completion --shell bash | install -D -m 644 /dev/stdin '$(INSTALLED)/$(BASH_COMPLETION)'
	'$(PROGRAM)' completion --shell zsh | install -D -m 644 /dev/stdin '$(INSTALLED)/$(ZSH_COMPLETION)'
	'$(PROGRAM)' completion --shell fish | install -D -m 644 /dev/stdin '$(INSTALLED)/$(FISH_COMPLETION)'

uninstall: ## remove what install has installed
	cd '$(INSTALLED)' && rm -f bin/weeder $(MAN_PAGE) $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)

release: ## make bosh/ a release that `bosh create-release` takes; the tarball too where bosh is on the path
	bosh/scripts/release.sh $(VERSION)

demo: build ## scan, explain and reap a throw-away worker with the incident in it
	@spec/demo.sh bin

screenshots: build ## make the README's pictures of the daemon's page, from a day on a throw-away worker
	@spec/setup.sh chromium
	go run ./spec/screenshots bin status/page/screenshots

test: ## run the tests (GOTESTFLAGS=-race for the race detector)
	@spec/setup.sh $(TEST_NEEDS) || echo "going on without: the specs that need them are left out" >&2
	@$(LEFT_OUT); LEFT_OUT=$$left SIMULATED=$$left.simulated go test $(GOTESTFLAGS) -timeout 20m ./... && \
	cat "$$left.simulated" && rm "$$left.simulated" && $(TELL_LEFT_OUT)

test-full: ## run what takes long: specs of minutes, 3000 simulated schedules, each fuzz target for FUZZTIME
	@spec/setup.sh $(TEST_NEEDS) || echo "going on without: the specs that need them are left out" >&2
	@$(LEFT_OUT); LEFT_OUT=$$left go test -timeout 20m ./spec ./spec/bosh ./spec/monitoring -ginkgo.label-filter=long && $(TELL_LEFT_OUT)
	go test -timeout 30m -count 1 -v -run TestSimulation ./reaper/simulation -schedules 3000 | grep -v '^=== '
	spec/fuzz.sh $(FUZZTIME)

soak: ## simulate a worker and its faults for SOAK
	go test -timeout 0 -count 1 -v -run TestSimulation ./reaper/simulation -soak $(SOAK) | grep --line-buffered -v '^=== '

bench: build ## measure weeder against its budgets, and write spec/bench/REPORT.md and the README's table (QUICK=1: measure less, write nothing)
	@spec/setup.sh jq strace || echo "going on without: the report says what is left out" >&2
	spec/bench.sh bin $(if $(QUICK),-quick,-report spec/bench/REPORT.md)

lint: ## check format, vet, staticcheck, shellcheck and go.mod
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make format): $$unformatted" >&2; exit 1; fi
	go vet ./...
	go tool -modfile=spec/tools/go.mod staticcheck ./...
	go mod tidy -diff
	cd spec/gardend && go vet ./... && go tool -modfile=../tools/go.mod staticcheck ./... && go mod tidy -diff
	@spec/setup.sh shellcheck && shellcheck $$(git ls-files '*.sh' '*.bash' '.ci/run') && \
	shellcheck -s bats $$(git ls-files '*.bats')

format: ## format the source
	gofmt -w $$(git ls-files '*.go')

ci: lint ## all checks, as continuous integration runs them
	$(MAKE) test GOTESTFLAGS=-race
	$(MAKE) test-full

clean: ## remove what was built
	rm -rf bin bosh/src
