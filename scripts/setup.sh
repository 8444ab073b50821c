#!/usr/bin/env bash
# Installs what nadir is built from, once; safe to run again.
#
#   scripts/setup.sh [--tests] [--engines] [--cuda]
#
#   --tests    also the Python environment of the parity tests (.deps/test-venv)
#   --engines  also Slurm, Open MPI and Chromium, for the tests under them
#   --cuda     also the CUDA libraries that torch needs on a GPU (4 GB)
#
# Debian packages come from scripts/apt-packages.txt (needs root or sudo, only
# if some are missing), wheels from scripts/wheels.txt into .deps/wheels; the
# system's Python is not touched. With TORCH_ROOT or CMAKE_PREFIX_PATH set, a
# LibTorch of your own is used and the torch wheel left out.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

want_tests='' want_cuda=''
package_lists=("$root/scripts/apt-packages.txt")
for argument in "$@"; do
  case $argument in
    --tests) want_tests=1 ;;
    --engines) package_lists+=("$root/scripts/apt-engines.txt") ;;
    --cuda) want_cuda=1 ;;
    -h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown option $argument" "see scripts/setup.sh --help" ;;
  esac
done

# The lines of lists without comments.
entries() { sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$@"; }

missing_packages() {
  local entry name
  while read -r entry; do
    name=${entry%%=*}
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null |
      grep -q 'install ok installed' || echo "$entry"
  done < <(entries "${package_lists[@]}")
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    say "No apt-get here: taking for granted that the libraries of" \
      "scripts/apt-packages.txt are installed (CMake will say what is not)."
    return
  fi
  # shellcheck source=/dev/null
  source /etc/os-release
  if [[ ${ID:-}-${VERSION_ID:-} != debian-12 ]]; then
    say "This is ${PRETTY_NAME:-an unknown system}, not Debian 12: versions" \
      "are not pinned here, and nobody has tested it."
    local pinned=''
  else
    local pinned=1
  fi
  local missing=()
  mapfile -t missing < <(missing_packages)
  if [[ ${#missing[@]} -eq 0 ]]; then
    say "Debian packages: all there."
    return
  fi
  [[ $pinned ]] || missing=("${missing[@]%%=*}")
  say "Debian packages: installing ${#missing[@]} (about 2 minutes)."
  local sudo=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die \
      "packages are missing, and neither root nor sudo is to be had:" \
      "${missing[*]%%=*}" "Ask an administrator to install them, then run this again."
    sudo=(sudo)
  fi
  export DEBIAN_FRONTEND=noninteractive
  quietly "$deps/log/apt-update.log" "${sudo[@]}" apt-get update -q || die \
    "apt-get update failed: is there a network?" \
    "Offline, install these by hand and run this again: ${missing[*]%%=*}"
  quietly "$deps/log/apt-install.log" "${sudo[@]}" apt-get install -y -q \
    --no-install-recommends "${missing[@]}" || die \
    "apt-get could not install: ${missing[*]}" "log: .deps/log/apt-install.log"
}

# Unpacks the wheels into .deps/wheels, unless just these are there.
install_wheels() {
  local target=$deps/wheels wanted torch_wheels='' other_wheels
  wanted=$(entries "$root/scripts/wheels.txt")
  if [[ -n ${TORCH_ROOT:-}${CMAKE_PREFIX_PATH:-} ]]; then
    say "Using the LibTorch of ${TORCH_ROOT:-$CMAKE_PREFIX_PATH}."
    wanted=$(grep -v -E '^(torch|nvidia)' <<<"$wanted")
  fi
  other_wheels=$wanted
  if [[ $want_cuda ]]; then # torch with its dependencies
    torch_wheels=$(grep '^torch' <<<"$wanted")
    other_wheels=$(grep -v -E '^(torch|nvidia)' <<<"$wanted")
  fi
  if [[ -f $target/.stamp && $(cat "$target/.stamp") == "$want_cuda $wanted" ]]; then
    say "Wheels: up to date."
    return
  fi
  say "Wheels: LibTorch, Arrow and the lists of BigEarthNet into .deps/wheels" \
    "(1.4 GB, about 1 minute)."
  rm -rf "$target.new"
  local pip=(python3 -m pip install --disable-pip-version-check
    --no-compile --target "$target.new")
  # shellcheck disable=SC2086
  { [[ -z $torch_wheels ]] ||
    quietly "$deps/log/pip-torch.log" "${pip[@]}" $torch_wheels; } &&
    quietly "$deps/log/pip-wheels.log" "${pip[@]}" --no-deps $other_wheels || die \
    "pip could not install the wheels: is there a network?" \
    "Offline, put them into a folder and set PIP_FIND_LINKS=<folder> PIP_NO_INDEX=1." \
    "log: .deps/log/pip-wheels.log"
  printf '%s' "$want_cuda $wanted" >"$target.new/.stamp"
  rm -rf "$target"
  mv "$target.new" "$target"
}

install_test_environment() {
  local venv=$deps/test-venv list=$root/tests/requirements.txt
  if [[ -f $venv/.stamp ]] && cmp -s "$venv/.stamp" "$list"; then
    say "test environment: up to date."
    return
  fi
  say "test environment: PyTorch and other peers into .deps/test-venv (5 GB, about 2 minutes)."
  rm -rf "$venv"
  python3 -m venv "$venv" || die "python3 -m venv failed: apt-get install python3-venv"
  quietly "$deps/log/pip-test-venv.log" "$venv/bin/pip" install \
    --disable-pip-version-check --no-compile -r "$list" || die \
    "pip could not make the test environment: is there a network?" \
    "The tests that need it can be left out: scripts/test.sh --no-parity." \
    "log: .deps/log/pip-test-venv.log"
  cp "$list" "$venv/.stamp"
}

mkdir -p "$deps/log"
install_packages
install_wheels
[[ -z $want_tests ]] || install_test_environment
say "Set-up done. Build: cmake --preset release && cmake --build --preset release"
