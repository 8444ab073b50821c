#!/usr/bin/env bash
# Sets up, builds and runs all tests; ends with CTest's closing lines.
#
#   scripts/test.sh [--no-parity] [--engines] [CTEST-ARGUMENT ...]
#
#   --no-parity   without the Python environment (5 GB) and its parity tests
#   --engines     also the tests under torchrun, Open MPI and Slurm, of faults, and in
#                 Chromium
#
# Example: scripts/test.sh -R Config        only the tests named so
# Tests on real imagery look for it in NADIR_SHARED_DATA, or in ../shared/data,
# and say that they were skipped where it is not there.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

want_parity=1 want_engines=''
arguments=()
for argument in "$@"; do
  case $argument in
    --no-parity) want_parity='' ;;
    --engines) want_engines=1 ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done

# Labels that are left out, as CTest's regular expression.
left_out=()
[[ $want_parity ]] || left_out+=(parity)
[[ $want_engines ]] || left_out+=(engines)
if [[ ${#left_out[@]} -gt 0 ]]; then
  arguments+=(-LE "$(IFS='|'; echo "${left_out[*]}")")
fi

cd "$root"
bash scripts/setup.sh ${want_parity:+--tests} ${want_engines:+--engines}
build_release
say "Running the tests."
exec ctest --preset release -j "$(nproc)" "${arguments[@]}"
