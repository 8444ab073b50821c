# Shared by setup.sh, quickstart.sh and test.sh; source it, do not run it.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/.deps

# say TEXT: what happens now, with the seconds since the script began.
say() { printf '\n[%4d s] %s\n' "$SECONDS" "$*"; }

# die TEXT...: one line a text, then exit 1.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# quietly LOG COMMAND...: runs it, its output in LOG; shows the end on failure.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 25 "$log" >&2
    return 1
  fi
}

# build_release [TARGET]: configures and builds build/release, or one target of
# it; shows the errors only.
build_release() {
  local target=(${1:+--target "$1"})
  say "Building (5 to 6 minutes the first time on 2 cores, then what changed)."
  quietly "$root/build/release/configure.log" cmake --preset release ||
    die "CMake failed" "log: build/release/configure.log"
  if [[ -t 1 ]]; then
    cmake --build --preset release "${target[@]}" || die "the build failed"
  else
    quietly "$root/build/release/build.log" \
      cmake --build --preset release "${target[@]}" ||
      die "the build failed" "log: build/release/build.log"
  fi
}
