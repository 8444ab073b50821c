// A procedural Sentinel-2 world in BigEarthNet v1's exact layout: data to try
// the whole path with, and to test it, where the real archive is not at hand.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "synth/land_cover.h"

namespace nadir::synth {

struct SynthOptions {
  std::filesystem::path out;  // a folder that is empty or not there
  int64_t num_patches = 3000;
  uint64_t seed = 0;
  bool as_archive = false;  // one .tar.gz instead of a folder
  bool compresses = true;   // that archive; else it is a .tar
  bool has_masks = false;   // land cover of every pixel in OUT/masks
  int num_threads = 0;      // 0 = all
};

struct SynthSummary {
  std::filesystem::path data;   // the folder or archive
  std::filesystem::path lists;  // the folder of the lists
  std::filesystem::path masks;  // that of the masks, or empty
  int64_t num_train = 0;
  int64_t num_validation = 0;
  int64_t num_test = 0;
  int64_t num_snow = 0;
  int64_t num_cloud_or_shadow = 0;
  int64_t num_unlabelled = 0;  // without any of the 19 classes
  int64_t num_bytes = 0;       // of all files of all patches
  double labels_per_patch = 0;
  std::array<int64_t, kNumLandCovers> label_counts{};
};

// Writes OUT/BigEarthNet-v1.0/PATCH/... or OUT/BigEarthNet-S2-v1.0.tar.gz (or
// .tar), OUT/lists/ and, with has_masks, OUT/masks/. Equal options give equal
// bytes, whatever the number of threads. All is written under OUT/.partial and
// moved into place at the end: what has its final name is complete.
// `should_stop` is asked between patches; once true, what was written is
// removed and nothing returned. Throws Error{kInvalidArgument} if OUT is not
// empty, Error{kIo}.
[[nodiscard]] std::optional<SynthSummary> write_synthetic_world(
    const SynthOptions& options, const std::function<bool()>& should_stop);

}  // namespace nadir::synth
