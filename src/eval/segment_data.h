// Images with masks, divided into training, validation and test images, of
// which no two of different sets show the same place.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "eval/segment_classes.h"
#include "eval/segment_config.h"
#include "eval/splits.h"
#include "store/remote_files.h"

namespace nadir::eval {

// Images and, in their order, the files of their masks.
struct MaskedImages {
  ImageSet images;  // without labels
  std::vector<std::filesystem::path> masks;

  [[nodiscard]] int64_t size() const { return images.size(); }

  [[nodiscard]] const std::string& name(int64_t image) const {
    return images.dataset->name(images.indices[image]);
  }
};

struct SegmentData {
  std::vector<MaskClass> classes;
  std::vector<int64_t> ignored_values;
  MaskedImages train;
  MaskedImages validation;
  MaskedImages test;
  std::string selected_on;  // where validation images come from
  std::string masks;        // the folder, as the user wrote it
};

// Opens images with `bands` and finds their masks. Images are divided by
// --val-names and --test-names, else by the data's own splits, else by shares:
// images whose footprints overlap go to one set together, chosen by their names
// and the seed. Throws Error{kInvalidArgument} naming an
// image without mask (and what its mask would be called), a name that no image
// has, or a set without images; Error{kNotFound} for folders that are not
// there.
[[nodiscard]] SegmentData open_segment_data(
    const SegmentDataConfig& config,
    const std::vector<std::string>& bands,
    const std::shared_ptr<store::RemoteFiles>& remote = nullptr);

// The name of an image's mask, without extension: docs/formats/segment.md.
// Throws Error{kInvalidArgument} for a rule that is no PATTERN=TEXT.
[[nodiscard]] std::string mask_stem(
    const std::string& image_name, const std::string& rule);

// An image's mask: class indices row by row, kIgnoredPixel where the value is
// among those ignored.
struct Mask {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> classes;
};

// Throws Error{kCorruptData} naming the file where it has several bands, or a
// value is neither a class nor ignored. Thread-safe.
[[nodiscard]] Mask read_mask(
    const std::filesystem::path& file, const SegmentData& data);

}  // namespace nadir::eval
