#!/usr/bin/env bash
# Pretraining from scratch on EuroSAT, scored by k-NN beside random weights.
#
#   bench/eurosat.sh EUROSAT_RGB.tar OUT [PRETRAIN-ARGUMENT ...]
#
# Every fifth image of a class is set aside for the test and is not trained on.
# Example: bench/eurosat.sh EuroSAT_RGB.tar /tmp/eurosat --num-threads 1
set -euo pipefail
[[ $# -ge 2 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
nadir=${NADIR:-$root/build/release/nadir}
archive=$(realpath "$1") out=$2
shift 2
mkdir -p "$out"
out=$(realpath "$out")

if [[ ! -d $out/test ]]; then
  mkdir -p "$out/images"
  tar -xf "$archive" -C "$out/images" --strip-components 1
  for class in "$out"/images/*/; do
    name=$(basename "$class") number=0
    mkdir -p "$out/train/$name" "$out/test.new/$name"
    while read -r image; do
      if ((number++ % 5 == 0)); then
        ln "$class$image" "$out/test.new/$name/"
      else
        ln "$class$image" "$out/train/$name/"
      fi
    done < <(find "$class" -type f -printf '%f\n' | LC_ALL=C sort)
  done
  mv "$out/test.new" "$out/test"
fi

began=$SECONDS
"$nadir" pretrain --data "$out/train" --out "$out/run" \
  --recipe "$root/recipes/eurosat.toml" --resume auto "$@"
echo "pretraining: $((SECONDS - began)) s"
"$nadir" eval knn --weights "$out/run" --data "$out/train" \
  --test-data "$out/test" --crop-px 64 --resize-px 0
"$nadir" report "$out/run" --out "$out/report.html"
