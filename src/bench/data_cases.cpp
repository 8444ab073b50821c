// Reading, cutting, indexing and packing of patches of 120 px.
#include <algorithm>
#include <cstring>

#include <sys/stat.h>

#include "augment/view_maker.h"
#include "bench/cases.h"
#include "bench/timing.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/signals.h"
#include "data/index.h"
#include "data/normalization.h"
#include "data/pack.h"
#include "scaling/median.h"

namespace nadir::bench {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRepeats = 5;
constexpr int64_t kTiles = 64;
constexpr int64_t kShardReads = 20'000;

Measured time_views(const CaseContext& context) {
  const auto dataset = context.data.shards();
  const int64_t num_tiles = std::min(kTiles, dataset->size());
  std::vector<raster::Image> tiles;
  for (int64_t i = 0; i < num_tiles; ++i) {
    tiles.push_back(read_unit_image(*dataset, i));
  }
  const augment::ViewMaker maker(
      {}, std::vector<double>(3, 0.45), std::vector<double>(3, 0.22), true);
  std::vector<std::vector<float>> views;
  double num_floats = 0;
  for (int64_t view = 0; view < maker.num_views(); ++view) {
    const int64_t side = maker.view_size(view);
    views.emplace_back(3 * side * side);
    num_floats += static_cast<double>(3 * side * side);
  }
  uint64_t sample = 0;
  Measured measured;
  measured.times = time_repeats(kRepeats, [&] {
    for (const auto& tile : tiles) {
      for (int64_t view = 0; view < maker.num_views(); ++view) {
        RandomStream random(
            0, StreamPurpose::kAugment, 0, sample, static_cast<uint32_t>(view));
        maker.make_view(tile, view, random, views[view]);
      }
      ++sample;
    }
  });
  measured.num_items = static_cast<double>(num_tiles);
  measured.work =
      1e-9 * static_cast<double>(num_tiles) *
      (4 * num_floats + static_cast<double>(tiles.front().bytes().size()));
  return measured;
}

// Seconds of copying `num_copies` blocks in the order of `order` to one place:
// as far apart as the shards' images, so that caches help as much.
double plain_copy_s(
    const std::vector<int64_t>& order, size_t block_bytes, int64_t num_copies) {
  const std::vector<std::byte> src(order.size() * block_bytes, std::byte{1});
  std::vector<std::byte> dst(block_bytes);
  const auto times = time_repeats(kRepeats, [&] {
    for (int64_t i = 0; i < num_copies; ++i) {
      const int64_t block = order[static_cast<size_t>(i) % order.size()];
      std::memcpy(
          dst.data(),
          src.data() + static_cast<size_t>(block) * block_bytes,
          block_bytes);
    }
  });
  return scaling::median(times.wall_s);
}

Measured time_shards(const CaseContext& context) {
  const auto dataset = context.data.shards();
  RandomStream random(1, StreamPurpose::kTest);
  const auto order = random.permutation(dataset->size());
  const auto image_bytes = dataset->read(0).bytes().size();
  Measured measured;
  measured.times = time_repeats(kRepeats, [&] {
    for (int64_t i = 0; i < kShardReads; ++i) {
      (void)dataset->read(order[static_cast<size_t>(i) % order.size()]);
    }
  });
  measured.num_items = kShardReads;
  // Read there, written here.
  measured.work = 2e-9 * static_cast<double>(kShardReads * image_bytes);
  measured.own_limit =
      measured.work / plain_copy_s(order, image_bytes, kShardReads);
  return measured;
}

// Seconds of reading `files` whole and dropping them: what the index would
// take if it did nothing else.
double plain_read_s(const std::vector<fs::path>& files, int num_threads) {
  const auto times = time_repeats(kRepeats, [&] {
    parallel_for(
        static_cast<int64_t>(files.size()),
        16,
        num_threads,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            (void)read_file(files[i]);
          }
        });
  });
  return scaling::median(times.wall_s);
}

Measured time_index(const CaseContext& context) {
  data::IndexOptions options;
  options.source = context.data.patches().string();
  options.lists = context.data.lists().string();
  options.num_threads = context.num_threads;
  auto out = context.data.new_path();
  out += ".parquet";
  double num_patches = 0;
  Measured measured;
  measured.times = time_repeats(kRepeats, [&] {
    const auto index = data::make_index(options);
    stop_if_told(kRatesSoFar);
    data::write_index(out, index.table);
    num_patches = static_cast<double>(index.report.num_patches);
  });
  measured.num_items = num_patches;
  measured.note = fmt::format("{:.0f} patches", num_patches);
  measured.work = num_patches;
  std::vector<fs::path> files;
  for (const auto& patch : fs::directory_iterator(context.data.patches())) {
    const auto name = patch.path().filename().string();
    files.push_back(
        patch.path() / fmt::format("{}_labels_metadata.json", name));
  }
  measured.own_limit = static_cast<double>(files.size()) /
                       plain_read_s(files, context.num_threads);
  return measured;
}

// Bytes that the files of `folder` take on the disk.
double disk_bytes(const fs::path& folder) {
  double sum = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status {};

    if (entry.is_regular_file() && ::stat(entry.path().c_str(), &status) == 0) {
      sum += 512.0 * static_cast<double>(status.st_blocks);
    }
  }
  return sum;
}

Measured time_packing(const CaseContext& context) {
  data::PackOptions options;
  options.source = context.data.archive().string();
  options.index = context.data.index().string();
  options.bands = {"B04", "B03", "B02"};
  options.num_threads = context.num_threads;
  Measured measured;
  double num_packed = 0;
  // Folders are removed at the end with all others, so that no repeat waits
  // for it.
  measured.times = time_repeats(3, [&] {
    options.out = context.data.new_path();
    num_packed = static_cast<double>(data::pack_dataset(options).num_packed);
    stop_if_told(kRatesSoFar);
  });
  measured.num_items = num_packed;
  measured.note = fmt::format("{:.0f} patches", num_packed);
  measured.work = 1e-9 * disk_bytes(options.out);
  return measured;
}

}  // namespace

std::vector<Case> data_cases() {
  return {
      {"views",
       "multi-crop views (2 x 224 + 8 x 96) of a 120 x 120 x 3 patch, one core",
       "images/s",
       Limit::kMemoryOfOneCore,
       time_views},
      {"shards",
       "patches of 3 bands from shards to memory, one core",
       "images/s",
       Limit::kPlainCopy,
       time_shards},
      {"index",
       "data index, patches of a folder",
       "patches/s",
       Limit::kPlainRead,
       time_index},
      {"pack_tar",
       "data pack, 3 bands of patches in a .tar",
       "patches/s",
       Limit::kDiskWrite,
       time_packing}};
}

}  // namespace nadir::bench
