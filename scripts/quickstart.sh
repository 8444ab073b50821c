#!/usr/bin/env bash
# From nothing to a table of average precision and a report, in one command.
#
#   scripts/quickstart.sh [--data PATH] [--out DIR] [--recipe FILE]
#
#   --data PATH    your own BigEarthNet archive or folder, or a folder of
#                  images (default: a synthetic BigEarthNet made here)
#   --out DIR      where everything goes (default: quickstart)
#   --recipe FILE  how to train (default: recipes/quickstart.toml)
#
# Installs what is missing, builds, makes or opens the data, trains a small
# Vision Transformer without labels, scores it beside random weights and image
# statistics, and writes a report. Run again, it reuses what is there.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

data='' out='' recipe=$root/recipes/quickstart.toml
while [[ $# -gt 0 ]]; do
  case $1 in
    --data | --out | --recipe)
      [[ $# -ge 2 ]] || die "$1 needs a value" "see scripts/quickstart.sh --help"
      value=$(realpath -m -- "$2")
      case $1 in
        --data) data=$value ;;
        --out) out=$value ;;
        --recipe) recipe=$value ;;
      esac
      shift 2
      ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown option $1" "see scripts/quickstart.sh --help" ;;
  esac
done
[[ -z $data || -e $data ]] || die "--data $data: there is no such file or folder"
[[ -f $recipe ]] || die "--recipe $recipe: there is no such file"
# Results of other data get a folder of their own.
[[ $out ]] || out=quickstart${data:+/$(basename "$data")}

bash "$root/scripts/setup.sh"
cd "$root"
build_release nadir
nadir=$root/build/release/nadir
mkdir -p "$out"
began=$SECONDS

# run WORDS...: shows the command as the user would type it, and runs it.
run() {
  printf '\n$ nadir %s\n' "$*"
  "$nadir" "$@"
}

# What pretraining reads: a packed dataset for BigEarthNet, else images as they
# are. Sets $data.
prepare_bigearthnet() { # SOURCE [LISTS]
  local source=$1 lists=${2:-} index=$out/index.parquet dataset=$out/dataset
  if [[ ! -f $index ]]; then
    run data index "$source" --out "$index" ${lists:+--lists "$lists"}
  fi
  if [[ ! -f $dataset/dataset.json ]]; then
    run data pack "$source" --index "$index" --out "$dataset" \
      --bands B04,B03,B02
  fi
  data=$dataset
}

# Whether a folder holds BigEarthNet patches: folders named like S2A_MSIL2A_...
holds_patches() {
  [[ -d $1 && -n $(find "$1" -maxdepth 3 -type d -name 'S2?_MSIL2A_*' -print -quit) ]]
}

if [[ -z $data ]]; then
  say "A synthetic BigEarthNet: 4,000 patches of 12 bands."
  [[ -d $out/world ]] || run data synth "$out/world" --patches 4000 --seed 1
  prepare_bigearthnet "$out/world/BigEarthNet-v1.0" "$out/world/lists"
else
  say "Your data: $data"
  case $data in
    *.tar | *.tar.gz | *.tgz | *.tar.zst | *.tar.bz2) prepare_bigearthnet "$data" ;;
    *) ! holds_patches "$data" || prepare_bigearthnet "$data" ;;
  esac
fi

info=$("$nadir" data info "$data" --json)
# info_number FIELD: a number of what it says.
info_number() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" <<<"$info" | head -n 1; }
num_images=$(info_number train)
[[ $num_images ]] || num_images=$(info_number all)
[[ $num_images -ge 100 ]] ||
  die "$data has $num_images images to train on: too few to learn or score anything" \
    "give it 100 or more, or see README.md for the commands by hand"

# Views are small cuts; features are taken from whole images in whole patches.
side=$(info_number height)
crop=$((side < 224 ? side / 8 * 8 : 224))

# The same number of images whatever the data, so that the run stays short.
seen=16857
epochs=$((seen / num_images))
[[ $epochs -ge 1 ]] || epochs=1

say "Pretraining without labels, $epochs epochs."
trained=$out/run
if grep -qs '"state": "finished"' "$trained/status.json"; then
  echo "$trained is finished: reusing it (remove it to train anew)."
else
  run pretrain --data "$data" --out "$trained" --recipe "$recipe" \
    --epochs "$epochs" --max-images "$seen" --resume auto
fi
run view --weights "$trained" --data "$data" --image-size 240 \
  --out "$trained/pictures"

if [[ $info == *'"class_names": []'* ]]; then
  say "These images carry no labels: there is nothing to score with."
else
  say "Scoring the frozen features, beside random weights and image statistics."
  run eval linear --weights "$trained" --data "$data" \
    --crop-px "$crop" --resize-px "$crop" --standardize on
fi

say "Embeddings of all images, for the atlas and for search."
run embed --weights "$trained" --data "$data" --crop-px "$crop" \
  --resize-px "$crop" --out "$trained/embeddings.parquet"

say "The report."
run report "$trained" --out "$out/report.html"
printf '\nDone: %d s after the build. Open %s in a browser, or look closer with\n' \
  $((SECONDS - began)) "$(realpath "$out/report.html")"
printf '\n  build/release/nadir dashboard %s --data %s\n' "$trained" "$data"
