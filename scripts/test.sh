#!/usr/bin/env bash
# Sets up, builds and runs all tests; ends with CTest's closing lines.
#
#   scripts/test.sh [--no-parity] [CTEST-ARGUMENT ...]
#
#   --no-parity   without the Python environment (5 GB) and its parity tests
#
# Example: scripts/test.sh -R Config        only the tests named so
# Tests on real imagery look for it in NADIR_SHARED_DATA, or in ../shared/data,
# and say that they were skipped where it is not there.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

setup=(--tests)
arguments=()
for argument in "$@"; do
  case $argument in
    --no-parity) setup=() arguments+=(-LE parity) ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done

cd "$root"
bash scripts/setup.sh "${setup[@]}"
build_release
say "Running the tests."
exec ctest --preset release -j "$(nproc)" "${arguments[@]}"
