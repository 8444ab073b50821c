#!/usr/bin/env bash
# The steps of docker/Dockerfile without an engine: scripts/image.sh in a bare
# Debian 12 made by debootstrap, its result copied into another one, and a
# training job there. As root, with a network; takes the time of a full build.
#
#   tests/container/image_test.sh [--root DIR] [--variant cpu|cuda]
#
#   --root DIR   where the roots are made, and the bare one kept
#                (default: nadir-image-test in the temporary folder)
#
# With CCACHE_DIR set, the build uses that cache.
set -euo pipefail

source=$(cd "$(dirname "$0")/../.." && pwd)
root=${TMPDIR:-/tmp}/nadir-image-test
variant=cpu
while [[ $# -gt 0 ]]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --variant) variant=$2; shift 2 ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[[ $(id -u) -eq 0 ]] || { echo "skipped: needs root"; exit 77; }
command -v debootstrap >/dev/null || { echo "skipped: no debootstrap"; exit 77; }

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# What apt and pip need of this machine: sources, certificates, proxies.
lend_network() {
  local file
  rm -f "$1/etc/apt/sources.list"
  cp -r /etc/apt/sources.list* "$1/etc/apt/" 2>/dev/null || true
  for file in /etc/apt/apt.conf.d/*; do
    case ${file##*/} in
      *docker*) ;; # keeps no packages that were just downloaded
      *) cp "$file" "$1/etc/apt/apt.conf.d/" ;;
    esac
  done
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf \
    /etc/ssl/certs/ca-certificates.crt; do
    [[ -e $file ]] && install -D -m 644 "$(realpath "$file")" "$1$file"
  done
  return 0
}

# in_root FOLDER COMMAND...: with nothing of this machine but its network.
in_root() {
  local folder=$1
  shift
  local variables=(HOME=/root LANG=C.UTF-8
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
  local variable
  while IFS= read -r variable; do
    variables+=("$variable")
  done < <(env | grep -iE '^(PIP_|SSL_CERT|REQUESTS_CA|(https?|no)_proxy)' || true)
  [[ ! -d $folder/ccache ]] || variables+=(CCACHE_DIR=/ccache)
  ROOT=$folder unshare --mount --pid --fork --kill-child bash -c '
    set -e
    mount --make-rprivate /
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    if [[ -d $ROOT/ccache ]]; then mount --bind "$CCACHE_DIR" "$ROOT/ccache"; fi
    exec chroot "$ROOT" env -i "$@"' in_root "${variables[@]}" "$@"
}

base=$root/base
if [[ ! -e $base/.done ]]; then
  say "A bare Debian 12 into $base."
  rm -rf "$base"
  mkdir -p "$base"
  mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++)
    if ($i ~ /^http/) {print $i; exit}}' /etc/apt/sources.list.d/*.sources \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null)
  debootstrap --variant=minbase --include=ca-certificates bookworm "$base" \
    "$mirror" >"$root/debootstrap.log" 2>&1
  touch "$base/.done"
fi

say "Build stage ($variant)."
rm -rf "$root/build" "$root/final"
cp -a "$base" "$root/build"
lend_network "$root/build"
[[ -z ${CCACHE_DIR:-} ]] || mkdir "$root/build/ccache"
git clone -q "$source" "$root/build/src"
in_root "$root/build" bash /src/scripts/image.sh build /opt/nadir "$variant" \
  >"$root/build.log" 2>&1 || { tail -30 "$root/build.log"; exit 1; }

say "Final stage."
cp -a "$base" "$root/final"
lend_network "$root/final"
cp -a "$root/build/opt/nadir/." "$root/final/usr/local/"
in_root "$root/final" bash /usr/local/share/nadir/image.sh runtime /usr/local \
  >"$root/runtime.log" 2>&1 || { tail -30 "$root/runtime.log"; exit 1; }
say "Size: $(du -sm --exclude=proc --exclude=dev "$root/final" | cut -f1) MB, of" \
  "which nadir $(du -sm "$root/build/opt/nadir" | cut -f1) MB and the bare" \
  "Debian $(du -sm "$base" | cut -f1) MB."

say "A training job in it."
cat >"$root/final/root/job.sh" <<'JOB'
set -euo pipefail
! command -v g++ && ! command -v python3
nadir doctor >/dev/null
nadir data synth /root/world --patches 24 --seed 3
mkdir -p /opt/ml/input/config /opt/ml/input/data/metadata /opt/ml/model \
  /opt/ml/output/data /opt/ml/checkpoints
ln -s /root/world/BigEarthNet-v1.0 /opt/ml/input/data/train
nadir data index /root/world/BigEarthNet-v1.0 --lists /root/world/lists \
  --keep-discouraged --out /opt/ml/input/data/metadata/final_ben_s2.parquet
echo '{"current_host": "algo-1", "hosts": ["algo-1"]}' \
  >/opt/ml/input/config/resourceconfig.json
echo '{"train": {"TrainingInputMode": "File"},
       "metadata": {"TrainingInputMode": "File"}}' \
  >/opt/ml/input/config/inputdataconfig.json
echo '{"arch": "\"vit_nano\"", "epochs": "1", "warmup_epochs": "0",
       "split": "all", "bands": "B04,B03,B02", "batch_size_per_gpu": "8",
       "global_crop_size": "32", "local_crop_size": "16", "out_dim": "64",
       "head_hidden_dim": "64", "head_bottleneck_dim": "32",
       "freeze_last_layer": "0", "knn_every_epochs": "0"}' \
  >/opt/ml/input/config/hyperparameters.json
export TRAINING_JOB_NAME=image-test
nadir train                       # ENTRYPOINT ["nadir"], argument train
train                             # the program by that name: goes on, at the end
test -s /opt/ml/model/model.safetensors -a -s /opt/ml/output/data/report.html
JOB
in_root "$root/final" bash /root/job.sh >"$root/job.log" 2>&1 ||
  { tail -30 "$root/job.log"; exit 1; }
grep -E '^(nadir pretrain|train_loss=)' "$root/job.log" | head -3
say "Done."
