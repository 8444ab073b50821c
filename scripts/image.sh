#!/usr/bin/env bash
# The two steps of the container image (docker/Dockerfile), for a Debian 12 as
# root; without an engine they make any bare root file system into one.
#
#   scripts/image.sh build PREFIX [cpu|cuda]   in the build stage
#   image.sh runtime PREFIX                    in the final one
#
# build    installs the pinned packages and wheels, builds the program, and puts
#          it with its libraries into PREFIX; cpu leaves out what needs a GPU
# runtime  installs the Debian packages whose libraries the program links, in the
#          versions it was built with (PREFIX/share/nadir/packages.txt)
set -euo pipefail

# Debian packages of the libraries that the files in $1 link, as NAME=VERSION;
# what PREFIX carries itself is in no package.
packages_of() {
  local prefix=$1 library
  find "$prefix/bin" "$prefix/lib" -type f \( -name 'nadir' -o -name '*.so*' \) \
    -exec ldd {} + 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// {print $3}' |
    sort -u | grep -v "^$prefix/" |
    while read -r library; do # dpkg knows one of the two names of /lib
      dpkg-query -S "$(realpath "$library")" 2>/dev/null ||
        dpkg-query -S "/usr$(realpath "$library")" 2>/dev/null ||
        dpkg-query -S "${library#/usr}" 2>/dev/null || true
    done | sed 's/:.*//' | sort -u |
    xargs -r dpkg-query -W -f '${Package}=${Version}\n'
}

# LibTorch opens its CUDA half at run time, where it is.
remove_cuda() {
  local libraries=$1/lib/nadir
  find "$libraries/torch/lib" -name 'libtorch_cuda*' -delete
  find "$libraries/torch/lib" -name 'libc10_cuda*' -delete
  find "$libraries/torch/lib" -name 'libcaffe2_nvrtc*' -delete
  find "$libraries/torch/lib" -name 'libtorch_nvshmem*' -delete
  rm -f "$libraries/libnadir_nccl.so"
}

build() {
  local prefix=$1 variant=${2:-cpu} source
  source=$(cd "$(dirname "$0")/.." && pwd)
  case $variant in
    cpu) bash "$source/scripts/setup.sh" ;;
    cuda) bash "$source/scripts/setup.sh" --cuda ;;
    *) echo "error: unknown variant $variant; cpu or cuda" >&2; exit 2 ;;
  esac
  git config --global --add safe.directory "$source"
  cmake --preset release -S "$source" -DNADIR_TESTS=OFF
  cmake --build "$source/build/release" --target nadir
  cmake --install "$source/build/release" --prefix "$prefix" --strip
  [[ $variant == cuda ]] || remove_cuda "$prefix"
  local name
  for name in train serve; do # for those who name the program by themselves
    if "$prefix/bin/nadir" "$name" --help >/dev/null 2>&1; then
      ln -sf nadir "$prefix/bin/$name"
    fi
  done
  packages_of "$prefix" >"$prefix/share/nadir/packages.txt"
  cp "$source/scripts/image.sh" "$prefix/share/nadir/"
}

runtime() {
  local prefix=$1 packages
  mapfile -t packages <"$prefix/share/nadir/packages.txt"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends ca-certificates \
    "${packages[@]}"
  apt-get clean
  rm -rf /var/lib/apt/lists/*
  "$prefix/bin/nadir" --version
}

case ${1:-} in
  build | runtime)
    [[ $# -ge 2 ]] || { echo "error: $1 needs a PREFIX" >&2; exit 2; }
    "$@"
    ;;
  *)
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
