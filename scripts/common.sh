#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What scripts share; sourced by them, with set -euo pipefail.

# Ends the script: it did not do what it is for.
fail() {
	echo "${0##*/}: $*" >&2
	exit 2
}

# quietly COMMAND...: says nothing unless it fails, which ends the script.
quietly() {
	local log=build/logs/${0##*/}-build.log
	mkdir -p "${log%/*}"
	if ! "$@" >"$log" 2>&1; then
		cat "$log" >&2
		fail "failed: $*"
	fi
}

# build PRESET [TARGET...]: all targets unless some are named.
build() {
	local preset=$1
	shift
	quietly cmake --preset "$preset"
	quietly cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" \
		"${@/#/--target=}"
}

# seconds_of OPTION TIME: of 90s, 10m or 2h; a bare number is seconds.
seconds_of() {
	[[ $2 =~ ^([1-9][0-9]{0,6})([smh]?)$ ]] ||
		fail "$1 $2: expected a time, such as 90s, 10m or 2h"
	case ${BASH_REMATCH[2]} in
	m) echo $((BASH_REMATCH[1] * 60)) ;;
	h) echo $((BASH_REMATCH[1] * 3600)) ;;
	*) echo "${BASH_REMATCH[1]}" ;;
	esac
}
