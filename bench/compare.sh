#!/usr/bin/env bash
# Runs a benchmark of nadir and the same work by its peer by turns, so that a
# noisy machine disturbs both alike; prints medians, spread and their ratio.
#
#   bench/compare.sh CASE [ROUNDS] [BUILD]
#
#   CASE     dino_step/vit_small_16, dino_step/vit_small_16_batch_16,
#            dino_step/vit_tiny_16, dino_step/vit_small_8_of_64px,
#            dino_step/vit_tiny_8_of_64px, features, loader, index, multicrop,
#            embed, patches, folder_patches, probe, knn; tuned_step/... has the
#            steps' peer with fused and foreach operators, and an allocator that
#            keeps its memory; compiled_step/... has it compiled, too, bf16_step/...
#            has both sides in bfloat16
#   ROUNDS   pairs of runs, default 5
#   BUILD    default build/release, configured with -DNADIR_BENCH=ON; embed,
#            patches, probe and knn ask its program, nadir bench
#
# Both get the threads of OMP_NUM_THREADS, default all processors; loader, index,
# multicrop and patches take one. The peers of loader, index, embed and patches
# need NADIR_BENCH_WORLD (make_world.sh, peers/make_pictures.py). patches sets our
# shards, folder_patches our reading of the same GeoTIFFs, beside three GeoTIFFs a
# patch by rasterio, which the Python named in NADIR_PEER_PYTHON must have
# (peers/requirements.txt). Rates are items a second of wall time; CPU times are of
# all threads, and on a busy machine the ones to trust with one thread.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if [[ $# -lt 1 || $1 == -h || $1 == --help ]]; then
  sed -n '2,24s/^# \{0,1\}//p' "$0"
  exit 2
fi
case=$1 rounds=${2:-5} build=${3:-$root/build/release}
python=${NADIR_TEST_PYTHON:-$root/.deps/test-venv/bin/python}
python_of_peer=$python peer_tunables=''
peers=$root/bench/peers
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}

case $case in
  dino_step/*)
    ours=("$build/bench/train/nadir_train_bench" "^$case/")
    peer=("$peers/dino_step_torch.py" --case "${case#dino_step/}") ;;
  tuned_step/* | compiled_step/* | bf16_step/*)
    ours=("$build/bench/train/nadir_train_bench" "^dino_step/${case#*/}/")
    peer=("$peers/dino_step_torch.py" --case "${case#*/}" --tuned)
    case $case in
      compiled_step/*) peer+=(--compile) ;;
      bf16_step/*)
        ours[1]="^$case/"
        peer+=(--bf16) ;;
    esac
    peer_tunables=glibc.malloc.mmap_threshold=1073741824:glibc.malloc.top_pad=67108864
    peer_tunables+=:glibc.malloc.trim_threshold=4294967295 ;;
  features)
    ours=("$build/bench/eval/nadir_eval_bench" '^features/')
    peer=("$peers/features_timm.py") ;;
  loader)
    ours=("$build/bench/train/nadir_train_bench" '^loader_png/threads:1/')
    peer=("$peers/loader_torchvision.py" "${NADIR_BENCH_WORLD:?}/png") ;;
  index)
    ours=("$build/bench/data/nadir_data_bench" '^index_folder/threads:1/')
    peer=("$peers/index_gdf_builder.py" "${NADIR_BENCH_WORLD:?}") ;;
  multicrop)
    exec "$python" "$peers/augment_torchvision.py" --rounds "$rounds" \
      "$build/bench/augment/nadir_augment_bench" ;;
  embed)
    ours=("$build/nadir" embed)
    peer=("$peers/embed_torch.py" "${NADIR_BENCH_WORLD:?}/png") ;;
  patches)
    ours=("$build/nadir" shards)
    python_of_peer=${NADIR_PEER_PYTHON:-$python}
    peer=("$peers/patches_rasterio.py" "${NADIR_BENCH_WORLD:?}") ;;
  folder_patches)
    ours=("$build/bench/data/nadir_data_bench" '^folder_read/')
    python_of_peer=${NADIR_PEER_PYTHON:-$python}
    peer=("$peers/patches_rasterio.py" "${NADIR_BENCH_WORLD:?}") ;;
  probe)
    ours=("$build/nadir" probe)
    peer=("$peers/probe_torch.py") ;;
  knn)
    ours=("$build/nadir" knn)
    peer=("$peers/knn_torch.py") ;;
  *) echo "compare.sh: no case '$case'; see --help" >&2; exit 2 ;;
esac

# Each prints: items a second, CPU milliseconds an item.
run_ours() {
  if [[ ${ours[0]} == */nadir ]]; then
    "${ours[0]}" bench --only "${ours[1]}" --quiet --json \
      --threads "$OMP_NUM_THREADS" | "$python" -c '
import json, sys
row = json.load(sys.stdin)["rows"][0]
print(row["rate"], row["cpu_ms_per_item"])'
    return
  fi
  "${ours[0]}" --benchmark_filter="${ours[1]}" --benchmark_format=json \
    2>/dev/null | "$python" -c '
import json, sys
run = json.load(sys.stdin)["benchmarks"][0]
if run.get("error_occurred"):
    sys.exit(run["error_message"])
rate = run["items_per_second"]
print(rate, 1000 * run["cpu_time"] / run["real_time"] / rate)'
}

run_peer() {
  GLIBC_TUNABLES=$peer_tunables "$python_of_peer" "${peer[@]}" | "$python" -c '
import json, sys
run = json.loads(sys.stdin.readlines()[-1])
print(run["items_per_second"], run["cpu_ms_per_item"])'
}

lines=()
for ((i = 1; i <= rounds; ++i)); do
  our_run=$(run_ours)
  peer_run=$(run_peer)
  lines+=("$our_run $peer_run")
  echo "round $i: nadir $our_run, peer $peer_run (items/s, CPU ms an item)"
done
printf '%s\n' "${lines[@]}" | "$python" -c '
import statistics, sys
rows = [[float(x) for x in line.split()] for line in sys.stdin]
columns = list(zip(*rows))
def text(values, unit):
    return (f"{statistics.median(values):.4g} {unit} "
            f"({min(values):.4g} to {max(values):.4g})")
wall = statistics.median(r[0] / r[2] for r in rows)
cpu = statistics.median(r[3] / r[1] for r in rows)
print(f"{sys.argv[1]}, {sys.argv[2]} threads, median of {len(rows)} pairs")
for name, k in (("nadir", 0), ("peer", 2)):
    print(f"  {name}: ", text(columns[k], "items/s"), "; ",
          text(columns[k + 1], "CPU ms"), sep="")
print(f"  ratio: {wall:.2f} by wall time, {cpu:.2f} by CPU time")
' "$case" "$OMP_NUM_THREADS"
