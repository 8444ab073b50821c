#include "data/packing.h"

#include <algorithm>
#include <future>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/signals.h"
#include "data/bad_patches.h"
#include "data/image_encoder.h"
#include "data/index_catalog.h"
#include "data/pack_input.h"
#include "data/pack_settings.h"
#include "data/shard_writer.h"
#include "data/statistics.h"
#include "table/parquet.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

// Images that are read, encoded or written at a time.
constexpr size_t kChunkImages = 64;

// What has become of one item of a chunk.
struct PackedItem {
  std::optional<ShardEntry> entry;
  bool was_there = false;  // from an interrupted packing
  std::string problem;     // then there is no entry
};

class Packer {
 public:
  Packer(
      const PackOptions& options,
      const fs::path& folder,
      const nlohmann::json& settings)
      : options_(options),
        input_(open_pack_input(options)),
        encoder_(options.type, *input_),
        counters_(input_->bands().size()),
        bad_(options.max_bad) {
    const Catalog& catalog = input_->catalog();
    for (int64_t i = 0; i < catalog.size(); ++i) {
      rows_.emplace(catalog.names[static_cast<size_t>(i)], i);
    }
    for (const auto* texts : {&catalog.names, &catalog.class_names}) {
      std::for_each(texts->begin(), texts->end(), check_is_utf8);
    }
    sha256_.resize(catalog.names.size());
    begin_ = options.part.begin(catalog.size());
    end_ = options.part.end(catalog.size());
    statistics_split_ =
        std::find(
            catalog.splits.begin(), catalog.splits.end(), Split::kTrain) !=
                catalog.splits.end()
            ? Split::kTrain
            : Split::kNone;
    // Only now: what does not open leaves no folder behind.
    make_folder(folder);
    write_file(folder / kPackingFile, json_text(settings, 2) + "\n");
    writer_ = std::make_unique<ShardWriter>(
        folder / kShardsFolder, ShardWriter::Options{});
    is_going_on_ = writer_->size() > 0;
  }

  Packing run(const nlohmann::json& settings) {
    Progress progress("packing", end_ - begin_, "images");
    auto chunk = read_chunk();
    while (!chunk.empty()) {
      // The next chunk is read and the one before reaches the disk while this
      // one is encoded.
      auto next =
          std::async(std::launch::async, [this] { return read_chunk(); });
      store(chunk);
      progress.advance(static_cast<int64_t>(chunk.size()));
      if (caught_signal() != 0) {
        next.wait();
        end_commit();
        packing_.result.is_interrupted = true;
        return std::move(packing_);
      }
      chunk = next.get();
    }
    end_commit();
    note_missing();
    writer_->finish();
    finish(settings);
    return std::move(packing_);
  }

 private:
  // Items that the index lists; duplicates come with a problem.
  std::vector<PackItem> read_chunk() {
    std::vector<PackItem> chunk;
    while (chunk.size() < kChunkImages) {
      auto item = input_->next();
      if (!item) {
        break;
      }
      if (!rows_.contains(item->name)) {
        ++packing_.result.num_unlisted;
        continue;
      }
      chunk.push_back(std::move(*item));
    }
    return chunk;
  }

  void store(const std::vector<PackItem>& chunk) {
    if (is_going_on_) {
      end_commit();  // the writer is asked what it has
    }
    constexpr int64_t kGrain = 8;
    const auto count = static_cast<int64_t>(chunk.size());
    std::vector<PackedItem> packed(chunk.size());
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (!seen_.insert(rows_.at(chunk[i].name)).second) {
        packed[i].problem = "is there twice";
      }
    }
    parallel_for(
        count,
        kGrain,
        static_cast<int>(options_.num_threads),
        [&](int64_t begin, int64_t end) {
          auto counters = counters_.take();
          for (int64_t i = begin; i < end; ++i) {
            const auto at = static_cast<size_t>(i);
            pack_item(chunk[at], packed[at], counters);
          }
          counters_.give_back(std::move(counters));
        });
    end_commit();
    for (size_t i = 0; i < chunk.size(); ++i) {
      keep(chunk[i], packed[i]);
    }
    committing_ = std::async(std::launch::async, [this] { writer_->commit(); });
    bad_.check();
  }

  // What was put is on the disk afterwards.
  void end_commit() {
    if (committing_.valid()) {
      committing_.get();
    }
  }

  void pack_item(
      const PackItem& item,
      PackedItem& packed,
      std::vector<BandCounter>& counters) const {
    if (!packed.problem.empty()) {
      return;
    }
    if (is_going_on_) {
      packed.entry = writer_->find(item.name);
      packed.was_there = packed.entry.has_value();
    }
    if (packed.was_there) {
      count(item, encoder_.views_of(*packed.entry), counters);
      return;
    }
    if (!item.problem.empty()) {
      packed.problem = item.problem;
      return;
    }
    try {
      packed.entry = encoder_.encode(
          item, [&](const auto& views) { count(item, views, counters); });
    } catch (const Error& error) {
      packed.problem = error.what();
    }
  }

  // Adds the pixels of images that statistics are made of.
  void count(
      const PackItem& item,
      const std::vector<BandView>& views,
      std::vector<BandCounter>& counters) const {
    const auto row = static_cast<size_t>(rows_.at(item.name));
    if (statistics_split_ == Split::kNone ||
        input_->catalog().splits[row] == statistics_split_) {
      for (size_t b = 0; b < views.size(); ++b) {
        counters[b].add(views[b]);
      }
    }
  }

  void keep(const PackItem& item, PackedItem& packed) {
    if (!packed.problem.empty()) {
      bad_.add(item.name, packed.problem);
      return;
    }
    ShardEntry& entry = *packed.entry;
    sha256_[static_cast<size_t>(rows_.at(item.name))] = entry.sha256;
    note_layout(item.name, entry.value.bytes());
    if (packed.was_there) {
      ++packing_.result.num_resumed;
      return;
    }
    writer_->put(std::move(entry));
    ++packing_.result.num_packed;
  }

  // Bands as the first image has them; sizes only while all images agree.
  void note_layout(const std::string& name, std::string_view blob) {
    if (layout_ && layout_->matches(blob)) {
      return;
    }
    BlobLayout layout(blob, name);
    if (layout_) {
      has_one_size_ = false;
    } else {
      layout_ = std::move(layout);
    }
  }

  void note_missing() {
    const Catalog& catalog = input_->catalog();
    int64_t num_missing = 0;
    for (int64_t i = begin_; i < end_; ++i) {
      if (!seen_.contains(i)) {
        ++num_missing;
        bad_.add(
            catalog.names[static_cast<size_t>(i)],
            "is in the index and not in " + options_.source);
      }
    }
    if (num_missing > 0) {
      log_warning(
          "data",
          "{} of {} images of the index are not in {}; `nadir data index` "
          "makes an index of exactly what is there",
          num_missing,
          end_ - begin_,
          options_.source);
    }
    bad_.check();
  }

  void finish(const nlohmann::json& settings) {
    const Catalog& catalog = input_->catalog();
    std::vector<int64_t> rows;
    for (int64_t i = begin_; i < end_; ++i) {
      if (!sha256_[static_cast<size_t>(i)].empty()) {
        rows.push_back(i);
      }
    }
    packing_.index = input_->index();
    packing_.index.table = table_rows(packing_.index.table, rows);
    packing_.counters = counters_.total();
    packing_.num_in_catalog = catalog.size();
    describe(rows, settings);
  }

  void describe(
      const std::vector<int64_t>& rows, const nlohmann::json& settings) {
    const Catalog& catalog = input_->catalog();
    auto& info = packing_.result.info;
    set_bands();
    info.class_names = catalog.class_names;
    info.is_multi_label = catalog.is_multi_label;
    info.label_column = input_->label_column();
    info.counts["all"] = static_cast<int64_t>(rows.size());
    auto& images = packing_.images;
    for (const int64_t row : rows) {
      const auto at = static_cast<size_t>(row);
      if (catalog.splits[at] != Split::kNone) {
        ++info.counts[split_name(catalog.splits[at])];
      }
      images.push_back({catalog.names[at], sha256_[at]});
    }
    info.content_sha256 = content_sha256(images);
    info.statistics = statistics_of(input_->bands(), packing_.counters);
    info.statistics_split = split_name(statistics_split_);
    info.scaling = encoder_.scaling();
    info.packing = settings;
    for (const auto& bad : bad_.list()) {
      info.problems.push_back(bad.name + ": " + bad.problem);
    }
    std::sort(info.problems.begin(), info.problems.end());
  }

  void set_bands() {
    for (const auto& name : input_->bands()) {
      if (!layout_) {  // a part without images
        packing_.result.info.bands.push_back({.name = name});
        continue;
      }
      const auto* band = layout_->find(name);
      NADIR_ASSERT(band != nullptr);
      packing_.result.info.bands.push_back(
          {name,
           band->type,
           has_one_size_ ? band->height : 0,
           has_one_size_ ? band->width : 0});
    }
  }

  const PackOptions& options_;
  std::unique_ptr<PackInput> input_;
  ImageEncoder encoder_;
  std::unique_ptr<ShardWriter> writer_;
  bool is_going_on_ = false;      // the writer began with images
  std::future<void> committing_;  // while it is valid, the writer is busy
  BandCounterPool counters_;
  Split statistics_split_ = Split::kNone;
  std::unordered_map<std::string, int64_t> rows_;  // of the catalog, by name
  std::vector<std::string> sha256_;  // of the blobs; "" if not packed
  int64_t begin_ = 0;                // rows of the part
  int64_t end_ = 0;
  std::set<int64_t> seen_;
  BadPatches bad_;
  std::optional<BlobLayout> layout_;
  bool has_one_size_ = true;
  Packing packing_;
};

}  // namespace

Packing run_packing(
    const PackOptions& options,
    const fs::path& folder,
    const nlohmann::json& settings) {
  Packer packer(options, folder, settings);
  return packer.run(settings);
}

}  // namespace nadir::data
