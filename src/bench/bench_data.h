// The data that paths are measured on: a small synthetic BigEarthNet, each
// form of which is made when it is first asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "data/dataset.h"
#include "synth/world.h"

namespace nadir::bench {

inline constexpr int64_t kMostPictures = 64;

// One thread. Every method throws Error{kIo}, and Stopped after a signal.
class BenchData {
 public:
  // Files go into a new folder below `parent`, which must be there. The
  // destructor removes it.
  BenchData(const std::filesystem::path& parent, int64_t num_patches);
  ~BenchData();
  BenchData(const BenchData&) = delete;
  BenchData& operator=(const BenchData&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // Patches as BigEarthNet's folder, the lists beside them, their index.
  [[nodiscard]] std::filesystem::path patches();
  [[nodiscard]] std::filesystem::path lists();
  [[nodiscard]] std::filesystem::path index();

  // The same patches as a .tar.
  [[nodiscard]] std::filesystem::path archive();

  // Their bands B04, B03, B02 as a dataset folder, open.
  [[nodiscard]] std::shared_ptr<const data::Dataset> shards();

  // kMostPictures of them, or all, as PNG files of 8-bit colour.
  [[nodiscard]] std::filesystem::path pictures();

  // A name in the folder that is not taken.
  [[nodiscard]] std::filesystem::path new_path();

 private:
  // Makes all patches, as a folder or as a .tar.
  [[nodiscard]] synth::SynthSummary make_world(bool as_archive);

  int64_t num_patches_;
  std::filesystem::path folder_;
  std::filesystem::path patches_;
  std::filesystem::path lists_;
  std::filesystem::path index_;
  std::filesystem::path archive_;
  std::filesystem::path pictures_;
  std::shared_ptr<const data::Dataset> shards_;
  int64_t num_paths_ = 0;
};

// A dataset's images brought to 8 bits, as views are cut from them.
[[nodiscard]] raster::Image read_unit_image(
    const data::Dataset& dataset, int64_t index);

}  // namespace nadir::bench
