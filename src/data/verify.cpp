#include "data/verify.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/signals.h"
#include "data/dataset_info.h"
#include "data/fetch.h"
#include "data/index_catalog.h"
#include "data/labels.h"
#include "data/official_lists.h"
#include "data/patch_metadata.h"
#include "data/patch_name.h"
#include "data/patch_source.h"
#include "data/safetensors_blob.h"
#include "data/shards.h"

namespace nadir::data {
namespace {

constexpr size_t kBatch = 256;  // 12 bands of 256 patches are 42 MB
constexpr int64_t kGrain = 16;
constexpr size_t kMaxShown = 10;

std::vector<std::string> bands_of(const VerifyOptions& options) {
  if (!options.reads_pixels) {
    return {};
  }
  if (!options.bands.empty()) {
    return options.bands;
  }
  std::vector<std::string> bands;
  for (const auto& band : kPatchBands) {
    bands.emplace_back(band.name);
  }
  return bands;
}

std::string problem_of(const PatchFiles& patch) {
  std::vector<std::string> problems;
  if (!patch.problem.empty()) {
    problems.push_back(patch.problem);
  }
  if (!patch.metadata_json.empty()) {
    try {
      (void)to_labels_19(parse_patch_metadata(patch.metadata_json).labels);
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  }
  for (const auto& [band, bytes] : patch.bands) {
    if (!bytes.empty()) {  // an empty one is named already
      const std::string problem = band_problem(band, bytes);
      if (!problem.empty()) {
        problems.push_back(problem);
      }
    }
  }
  return join(problems, "; ");
}

std::vector<std::string> first_of(const std::vector<std::string>& names) {
  return {
      names.begin(),
      names.begin() +
          static_cast<std::ptrdiff_t>(std::min(names.size(), kMaxShown))};
}

// `names` are the source's, sorted and without repetitions.
void compare_with_lists(
    const VerifyOptions& options,
    const std::vector<std::string>& names,
    VerifyReport& report) {
  const auto listed =
      read_all_listed_names(find_lists(options.lists, options.source));
  std::vector<std::string> unlisted;
  std::vector<std::string> missing;
  std::set_difference(
      names.begin(),
      names.end(),
      listed.begin(),
      listed.end(),
      std::back_inserter(unlisted));
  std::set_difference(
      listed.begin(),
      listed.end(),
      names.begin(),
      names.end(),
      std::back_inserter(missing));
  report.num_listed = static_cast<int64_t>(listed.size());
  report.num_unlisted = static_cast<int64_t>(unlisted.size());
  report.num_missing = static_cast<int64_t>(missing.size());
  report.first_unlisted = first_of(unlisted);
  report.first_missing = first_of(missing);
}

std::string md5_of(store::ByteSource& file) {
  constexpr int64_t kReadBytes = 1 << 20;
  Hasher hasher(Hasher::Kind::kMd5);
  std::string buffer(kReadBytes, '\0');
  int64_t position = 0;
  while (const int64_t size = file.read(position, kReadBytes, buffer.data())) {
    hasher.update(std::string_view(buffer.data(), static_cast<size_t>(size)));
    position += size;
  }
  return hasher.hex();
}

void compute_md5(const VerifyOptions& options, VerifyReport& report) {
  const auto& source = options.source;
  NADIR_CHECK(
      !std::filesystem::is_directory(source),
      "--md5 is for archives, {} is a folder",
      source);
  report.md5 = store::is_remote(source)
                   ? md5_of(*options.remote->open(source))
                   : file_hash_hex(Hasher::Kind::kMd5, source);
  for (const auto& set : known_sets()) {
    for (const auto& file : set.files) {
      if (file.md5 == report.md5) {
        report.md5_name = file.file_name;
      }
    }
  }
}

// Hash of one stored image; its problem if there is one.
std::string check_image(
    const ShardReader& shards,
    const std::string& name,
    const DatasetInfo& info,
    std::string& problem) {
  std::string hash;
  const bool is_there = shards.read(name, [&](std::string_view blob) {
    hash = sha256_hex(blob);
    const BlobLayout layout(blob, name);
    for (const auto& band : info.bands) {
      if (layout.find(band.name) == nullptr) {
        problem = "has no band " + band.name;
      }
    }
  });
  if (!is_there) {
    problem = "is in the index and not in the shards";
  }
  return hash;
}

// A dataset folder: every image against the one sum in dataset.json.
VerifyReport verify_dataset(const VerifyOptions& options) {
  const std::filesystem::path folder = options.source;
  const DatasetInfo info = read_dataset_info(folder);
  const Catalog catalog = read_index_catalog(
      folder / kIndexFile, {.labels = info.label_column}, info.class_names);
  const ShardReader shards(folder / kShardsFolder);
  std::vector<StoredImage> images(catalog.names.size());
  std::vector<std::string> problems(catalog.names.size());
  Progress progress("verifying", catalog.size(), "images");
  parallel_for(
      catalog.size(),
      kGrain,
      options.num_threads,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          shards.expect(catalog.names[static_cast<size_t>(i)]);
        }
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end);
             ++i) {
          const std::string& name = catalog.names[i];
          try {
            images[i] = {name, check_image(shards, name, info, problems[i])};
          } catch (const Error& error) {
            problems[i] = error.what();
          }
        }
        progress.advance(end - begin);
      });
  VerifyReport report;
  report.num_patches = catalog.size();
  for (size_t i = 0; i < problems.size(); ++i) {
    if (!problems[i].empty()) {
      report.bad.push_back({catalog.names[i], problems[i]});
    }
  }
  if (!report.bad.empty()) {
    return report;
  }
  const std::string content = content_sha256(images);
  if (content != info.content_sha256) {
    report.bad.push_back(
        {kDatasetFile,
         "its content_sha256 is " + info.content_sha256 +
             ", that of index and shards " + content +
             ": an image was changed; pack the data anew"});
  }
  return report;
}

}  // namespace

VerifyReport verify_source(const VerifyOptions& options) {
  if (std::filesystem::exists(
          std::filesystem::path(options.source) / kDatasetFile)) {
    return verify_dataset(options);
  }
  check_is_not_begun(options.source);
  VerifyReport report;
  const auto patches = open_patch_source(
      options.source,
      {.bands = bands_of(options),
       .needs_metadata = true,
       .remote = options.remote});
  Progress progress("verifying", patches->count().value_or(-1), "patches");
  std::vector<std::string> names;
  bool is_v1 = false;
  for (bool is_at_end = false; !is_at_end;) {
    std::vector<PatchFiles> batch;
    while (batch.size() < kBatch && !is_at_end) {
      auto patch = patches->next();
      is_at_end = !patch.has_value();
      if (patch) {
        batch.push_back(*std::move(patch));
      }
    }
    std::vector<std::string> problems(batch.size());
    parallel_for(
        static_cast<int64_t>(batch.size()),
        kGrain,
        options.num_threads,
        [&](int64_t begin, int64_t end) {
          for (auto i = static_cast<size_t>(begin);
               i < static_cast<size_t>(end);
               ++i) {
            problems[i] = problem_of(batch[i]);
          }
        });
    for (size_t i = 0; i < batch.size(); ++i) {
      is_v1 = is_v1 || patch_layout(batch[i].name) == PatchLayout::kV1;
      if (!problems[i].empty()) {
        report.bad.push_back({batch[i].name, problems[i]});
      }
      names.push_back(std::move(batch[i].name));
    }
    progress.advance(static_cast<int64_t>(batch.size()));
    if (caught_signal() != 0) {
      report.is_interrupted = true;
      return report;
    }
  }
  report.num_patches = static_cast<int64_t>(names.size());
  report.num_skipped = patches->num_skipped();
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (is_v1) {
    compare_with_lists(options, names, report);
  }
  if (options.computes_md5) {
    compute_md5(options, report);
  }
  return report;
}

}  // namespace nadir::data
