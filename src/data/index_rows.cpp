#include "data/index_rows.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/signals.h"
#include "data/labels.h"
#include "data/patch_name.h"
#include "data/patch_source.h"

namespace nadir::data {
namespace {

constexpr size_t kBatch = 4096;
constexpr int64_t kGrain = 256;
constexpr char kGeometryBand[] = "B02";  // gives v2 its footprint

// Transformers lent to threads: making one costs milliseconds.
class TransformerPool {
 public:
  using Cache = std::unique_ptr<raster::TransformerCache>;

  [[nodiscard]] Cache take() {
    const std::scoped_lock lock(mutex_);
    if (free_.empty()) {
      return std::make_unique<raster::TransformerCache>(raster::kIndexCrs);
    }
    Cache cache = std::move(free_.back());
    free_.pop_back();
    return cache;
  }

  void give_back(Cache cache) {
    const std::scoped_lock lock(mutex_);
    free_.push_back(std::move(cache));
  }

 private:
  std::mutex mutex_;
  std::vector<Cache> free_;
};

PatchLayout layout_of_source(const IndexOptions& options) {
  const auto probe = open_patch_source(
      options.source,
      {.bands = {}, .needs_metadata = false, .remote = options.remote});
  const auto first = probe->next();
  return first ? patch_layout(first->name).value_or(PatchLayout::kV1)
               : PatchLayout::kV1;
}

IndexRow parse_row(
    const PatchFiles& patch, raster::TransformerCache& transformers) {
  IndexRow row;
  row.name = patch.name;
  PatchBox box;
  if (patch_layout(patch.name) == PatchLayout::kV2) {
    const auto found = patch.bands.find(kGeometryBand);
    if (found == patch.bands.end()) {
      fail(ErrorCode::kCorruptData, "a v2 patch among patches of v1");
    }
    box = box_of(raster::decode_raster_info(found->second, kGeometryBand));
    row.acquisition_date = date_of_patch_name(patch.name);
  } else {
    PatchMetadata metadata = parse_patch_metadata(patch.metadata_json);
    row.new_labels = to_labels_19(metadata.labels);
    row.labels = std::move(metadata.labels);
    row.tile_source = std::move(metadata.tile_source);
    row.acquisition_date = std::move(metadata.acquisition_date);
    box = std::move(metadata.box);
  }
  row.ring = ring_of(box, transformers);
  return row;
}

// A row, or what is wrong with the patch.
struct Parsed {
  IndexRow row;
  std::string problem;
};

std::vector<Parsed> parse_batch(
    const std::vector<PatchFiles>& batch,
    int num_threads,
    TransformerPool& pool) {
  std::vector<Parsed> parsed(batch.size());
  parallel_for(
      static_cast<int64_t>(batch.size()),
      kGrain,
      num_threads,
      [&](int64_t begin, int64_t end) {
        auto transformers = pool.take();
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end);
             ++i) {
          parsed[i].problem = batch[i].problem;
          if (!parsed[i].problem.empty()) {
            continue;
          }
          try {
            parsed[i].row = parse_row(batch[i], *transformers);
          } catch (const Error& error) {
            parsed[i].problem = error.what();
          }
        }
        pool.give_back(std::move(transformers));
      });
  return parsed;
}

}  // namespace

IndexRows read_index_rows(const IndexOptions& options, BadPatches& bad) {
  const Part& part = options.part;
  const int num_threads = options.num_threads;
  IndexRows index;
  index.is_v2 = layout_of_source(options) == PatchLayout::kV2;
  PatchSourceOptions chosen;
  chosen.remote = options.remote;
  if (index.is_v2) {
    chosen.bands = {kGeometryBand};
  }
  chosen.wants = [&](const std::string&, int64_t place) {
    index.num_in_source = place + 1;
    return part.is_dealt(place);
  };
  const auto patches = open_patch_source(options.source, chosen);
  Progress progress(
      "indexing",
      patches->count()
          ? part.end(*patches->count()) - part.begin(*patches->count())
          : -1,
      "patches");
  TransformerPool pool;
  std::vector<PatchFiles> batch;
  for (bool is_at_end = false; !is_at_end;) {
    batch.clear();
    while (batch.size() < kBatch) {
      auto patch = patches->next();
      if (!patch) {
        is_at_end = true;
        break;
      }
      batch.push_back(*std::move(patch));
    }
    auto parsed = parse_batch(batch, num_threads, pool);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (parsed[i].problem.empty()) {
        index.rows.push_back(std::move(parsed[i].row));
      } else {
        bad.add(batch[i].name, parsed[i].problem);
      }
    }
    index.num_patches += static_cast<int64_t>(batch.size());
    progress.advance(static_cast<int64_t>(batch.size()));
    bad.check();
    if (caught_signal() != 0) {
      index.is_interrupted = true;
      return index;
    }
  }
  index.num_skipped = patches->num_skipped();
  std::sort(
      index.rows.begin(),
      index.rows.end(),
      [](const IndexRow& a, const IndexRow& b) { return a.name < b.name; });
  return index;
}

}  // namespace nadir::data
