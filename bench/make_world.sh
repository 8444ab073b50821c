#!/usr/bin/env bash
# Makes the data that the benchmarks of reading read: a synthetic BigEarthNet.
#
#   bench/make_world.sh PROGRAM OUT [PATCHES]
#
#   PROGRAM   build/release/nadir
#   OUT       new folder; name it in NADIR_BENCH_WORLD afterwards
#   PATCHES   default 2000 (165 kB each, kept three times)
#
# OUT gets folder/ (patches), archive.tar (the same), lists/, index.parquet,
# and rgb/ (a dataset folder of B04,B03,B02 in uint16).
set -euo pipefail
if [[ $# -lt 2 ]]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0"
  exit 2
fi
program=$1 out=$2 patches=${3:-2000}
if [[ -e $out ]]; then
  echo "make_world.sh: $out is there already; name a new folder" >&2
  exit 2
fi

"$program" data synth "$out/synth" --patches "$patches" --seed 1
mv "$out/synth/BigEarthNet-v1.0" "$out/folder"
mv "$out/synth/lists" "$out/lists"
rmdir "$out/synth"
tar -cf "$out/archive.tar" -C "$out" --transform 's,^folder,BigEarthNet-v1.0,' folder
"$program" data index "$out/folder" --lists "$out/lists" \
  --out "$out/index.parquet"
"$program" data pack "$out/folder" --index "$out/index.parquet" \
  --bands B04,B03,B02 --out "$out/rgb"
