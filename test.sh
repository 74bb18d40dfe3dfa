#!/usr/bin/env bash
# The one test command; usage below. It keeps going after a failed step, so that
# one run shows everything that is wrong, and ends with the list of failed steps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
	cat <<'TEXT'
usage: ./test.sh [--short] [--no-lint] [--vuln] [PACKAGE...]

Installs what is missing (a C compiler for the race detector, PostgreSQL for the
tests; apt-get, as root or through sudo), then runs, for all packages or those
named (./ratelimit/...):

  go mod tidy    go.mod and go.sum are as they should be
  go vet
  golangci-lint  the linters and the formatting of .golangci.yml; the first run
                 builds it from tools/go.mod, which takes one or two minutes
  go test -race
  fuzz smoke     every fuzz test for a few seconds

  --short        go test -short without the race detector; no fuzz smoke
  --no-lint      neither go mod tidy nor go vet nor golangci-lint
  --vuln         also govulncheck, which asks https://vuln.go.dev

EXPORTER_TEST_POSTGRES (a DSN of a role that may create databases) makes most
tests use that server instead of one of their own; those that take a server down
always start one. Exits with 0 only if every step passed.
TEXT
}

short='' lint=1 vuln='' packages=()
for arg in "$@"; do
	case $arg in
	--short) short=1 ;;
	--no-lint) lint='' ;;
	--vuln) vuln=1 ;;
	-h | --help) usage && exit ;;
	-*) echo "test.sh: unknown option $arg; see ./test.sh --help" >&2 && exit 2 ;;
	*) packages+=("$arg") ;;
	esac
done
[ ${#packages[@]} -gt 0 ] || packages=(./...)

export GOTOOLCHAIN=local # a dependency that asks for another Go shall fail, not download it

failed=()
# step NAME COMMAND... runs the command and prints what it took.
step() {
	local name=$1 began=$SECONDS verdict=ok
	shift
	printf '\n=== %s\n' "$name"
	"$@" || { verdict=FAILED && failed+=("$name"); }
	printf '=== %s: %s, %d s\n' "$name" "$verdict" $((SECONDS - began))
}

compiles_c() { printf '#include <stdlib.h>\n' | "$(go env CC)" -E -x c - >/dev/null 2>&1; }

has_postgres() {
	local server
	command -v psql >/dev/null || return 1
	for server in "$(command -v postgres)" /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres; do
		[ ! -x "$server" ] || [ ! -x "$(dirname "$(readlink -f "$server")")/initdb" ] || return 0
	done
	return 1
}

# as_root COMMAND... asks for a password only where somebody can type it.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null; }

install_missing() {
	local missing=()
	[ -n "$short" ] || compiles_c || missing+=(gcc libc6-dev)
	has_postgres || missing+=(postgresql)
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "installing ${missing[*]}"
	# A list that cannot be renewed need not be the one with these packages: install decides.
	if ! { command -v apt-get >/dev/null && { apt update || true; } &&
		apt install --yes --no-install-recommends "${missing[@]}"; }; then
		echo "test.sh: cannot install ${missing[*]} here. Install them and try again; on Debian and Ubuntu:" >&2
		echo "  sudo apt-get update && sudo apt-get install --yes ${missing[*]}" >&2
		return 1
	fi
}

setup() {
	command -v go >/dev/null || { echo "test.sh: go is not in PATH; get it from https://go.dev/dl/" >&2 && return 1; }
	install_missing && go version && go mod download
}

tidy() { go mod tidy -diff && go -C tools mod tidy -diff; }

tool() { go tool -modfile=tools/go.mod "$@"; }

run_tests() {
	local flags=(-race)
	[ -z "$short" ] || flags=(-short)
	# Not from the test cache: the PostgreSQL server is no file that the cache watches.
	go test "${flags[@]}" -count=1 -shuffle=on -timeout 20m "${packages[@]}"
}

# fuzz gives all fuzz tests together about a minute, three seconds each at most.
fuzz() {
	local dirs dir target seconds status=0 found=()
	dirs=$(go list -f '{{.Dir}}' "${packages[@]}") || return 1
	while read -r dir; do
		while read -r target; do
			found+=("$dir $target")
		done < <(find "$dir" -maxdepth 1 -name '*_test.go' -exec sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' {} +)
	done <<<"$dirs"
	[ ${#found[@]} -gt 0 ] || { echo "no fuzz tests in ${packages[*]}" && return 0; }
	seconds=$((60 / ${#found[@]}))
	seconds=$((seconds > 3 ? 3 : seconds < 1 ? 1 : seconds))
	for target in "${found[@]}"; do
		dir=${target% *} target=${target##* }
		echo "$target, $seconds s"
		go -C "$dir" test -run '^$' -fuzz "^$target\$" -fuzztime "${seconds}s" -fuzzminimizetime 1s . || status=1
	done
	return $status
}

step setup setup
[ ${#failed[@]} -eq 0 ] || exit 1
if [ -n "$lint" ]; then
	step 'go mod tidy' tidy
	step 'go vet' go vet "${packages[@]}"
	step golangci-lint tool golangci-lint run "${packages[@]}"
fi
[ -z "$vuln" ] || step govulncheck tool govulncheck "${packages[@]}"
step 'go test' run_tests
[ -n "$short" ] || step 'fuzz smoke' fuzz

printf '\n'
if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed after %d s:\n' "$SECONDS"
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
printf 'passed in %d s\n' "$SECONDS"
