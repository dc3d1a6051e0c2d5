#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the tests of the command line share. Sourced with the arguments of the
# test: RACERIG CLI_JSON CORPUS. Each test works in a directory of its own,
# prints a line for every check that fails, and ends with finish.
set -euo pipefail

racerig=$(realpath "$1")
export json corpus # for the tests, not for programs
json=$(realpath "$2")
corpus=$(realpath "$3")
export LC_ALL=C

command='' # of the last run, for messages
status=0   # it ended with; what it wrote is in the files out and err
checks=0
failures=0
finished=false
scratch=$(mktemp -d)

# A test that was cut short must look neither passed nor skipped.
clean_up() {
	cd /
	chmod -R u+w "$scratch"
	rm -rf "$scratch"
	if ! $finished; then
		echo "FAILED: the test did not reach its end, after $command"
		exit 1
	fi
}
trap clean_up EXIT
cd "$scratch"

finish() {
	finished=true
	echo "$checks checks, $failures failed"
	((failures == 0)) || exit 1
	exit 0
}

# What cannot be tested here, and why.
note() {
	echo "NOTE: not tested here: $*"
}

# fail TEXT: the check that was just made has failed.
fail() {
	failures=$((failures + 1))
	printf 'FAILED: %.200s: %.400s\n' "$command" "$*"
}

not() {
	! "$@"
}

# check TEXT COMMAND...: the command succeeds, or the check called TEXT fails.
check() {
	local text=$1
	shift
	checks=$((checks + 1))
	"$@" || fail "$text"
}

# run ARGUMENT...: racerig with these arguments.
run() {
	run_with "$racerig" "$@"
}

# run_with PROGRAM ARGUMENT...: where racerig has to be started otherwise.
run_with() {
	command="${*//[^[:print:]]/?}"
	status=0
	"$@" >out 2>err </dev/null || status=$?
}

# interrupt_after SECONDS ARGUMENT...: racerig gets SIGINT then. --foreground,
# or timeout(1) sends SIGCONT after it, which takes back the SIGSTOP of an
# attaching LeakSanitizer (prepare_signal): both then wait for ever.
interrupt_after() {
	run_with timeout --foreground --preserve-status -s INT "$1" \
		"$racerig" "${@:2}"
}

expect_status() {
	checks=$((checks + 1))
	[[ $status == "$1" ]] ||
		fail "status $status, expected $1; it said: $(tail -n 1 err)"
}

# expect_line FILE REGEX: a line matches.
expect_line() {
	checks=$((checks + 1))
	grep -qE -e "$2" "$1" ||
		fail "no line in $1 matches \"$2\"; the last: $(tail -n 1 "$1")"
}

expect_lines() {
	local lines
	mapfile lines <"$1"
	check "${#lines[@]} lines in $1, expected $2" test "${#lines[@]}" = "$2"
}

expect_empty() {
	checks=$((checks + 1))
	[[ ! -s $1 ]] || fail "something in $1: $(head -n 1 "$1")"
}

# expect_json CHECK...: out is a document of which cli_json says that.
expect_json() {
	local why
	checks=$((checks + 1))
	why=$("$json" "$@" 2>&1 <out) || fail "out: ${why//$'\n'/; }"
}

# The files in the directory are exactly these.
expect_files() {
	local found
	found=$(cd "$1" && echo *)
	shift
	check "files \"$found\", expected \"$*\"" test "$found" = "$*"
}

# expect_error REGEX: status 2 and nothing but one line on standard error.
expect_error() {
	expect_status 2
	expect_empty out
	expect_lines err 1
	expect_line err "^racerig: .*$1"
}

# wrong REGEX ARGUMENT...: racerig refuses, with a line that matches.
wrong() {
	local regex=$1
	shift
	run "$@"
	expect_error "$regex"
}

# right STATUS ARGUMENT...: racerig does it and has nothing to complain about.
right() {
	local expected=$1
	shift
	run "$@"
	expect_status "$expected"
	expect_empty err
}

# expect_no_orphans PID: what a racerig that was killed, and led its session, had
# started ends by itself, soon; until it has executed, it holds the lock on the
# directory, too.
expect_no_orphans() {
	local i
	for ((i = 0; i < 1000; i++)); do
		pgrep -s "$1" >/dev/null || break
		sleep 0.01
	done
	check 'processes outlive the rig' not pgrep -s "$1"
}

# milliseconds: of a clock that only differences are taken of.
milliseconds() {
	local us=${EPOCHREALTIME/[.,]/}
	echo $((us / 1000))
}

# Can nobody_run be used? Needs root, and a scratch that others may enter.
nobody_ready() {
	[[ $(id -u) == 0 ]] && command -v setpriv >/dev/null || return 1
	chmod 755 "$scratch"
	cp "$racerig" racerig
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$scratch/racerig" --version >/dev/null 2>&1
}

# Starts racerig as somebody whom permissions bind.
nobody_run() {
	if [[ $(id -u) == 0 ]]; then
		run_with setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$scratch/racerig" "$@"
	else
		run "$@"
	fi
}

# Are there permissions that bind? Says why where there are none.
permissions_bind() {
	[[ $(id -u) == 0 ]] || return 0
	nobody_ready || {
		note "permissions: root, and setpriv to nobody does not work"
		return 1
	}
}

# A regression that many tests start from.
export race=$corpus/regressions/build-and-run.none.vfork.sched

# The known counter-examples, all of them; where the program is slow, one for
# each fix.
regressions() {
	local all=("$corpus"/regressions/*.sched)
	local few=("$corpus"/regressions/build-and-run.*.vfork.sched)
	if [[ -n ${RACERIG_QUICK:-} ]]; then
		echo "NOTE: slow build, ${#few[@]} of ${#all[@]} regressions" >&2
		all=("${few[@]}")
	fi
	printf '%s\n' "${all[@]}"
}
