// A synthetic patch as the files of BigEarthNet v1, and the official lists
// beside it (docs/formats/bigearthnet.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "synth/render.h"

namespace nadir::synth {

// What the lists need to know of a patch.
struct PatchRecord {
  PatchPlace place;
  std::vector<LandCover> labels;
  bool has_snow = false;
  bool has_cloud_or_shadow = false;
};

struct PatchFile {
  std::string name;  // "PATCH_B01.tif"
  std::string bytes;
};

// The patch's twelve band files and its JSON, sorted by name.
[[nodiscard]] std::vector<PatchFile> patch_files(
    const PatchPlace& place, const SyntheticPatch& patch);

// The patch's land cover as PATCH.tif, uint16, 120 x 120: 1 .. 43, in the order
// of the 43 names.
[[nodiscard]] PatchFile mask_file(
    const PatchPlace& place, const SyntheticPatch& patch);

// Which value of a mask is which class: a CSV file with value and name.
[[nodiscard]] std::string mask_classes();

// The text of PATCH_labels_metadata.json, keys in the archive's order.
[[nodiscard]] std::string patch_metadata(
    const PatchPlace& place, const std::vector<LandCover>& labels);

// "train", "val" or "test": v1's 2 x 2 checkerboard inside each tile.
[[nodiscard]] const char* split_of(const PatchPlace& place);

// Whether any label is among the 19 classes.
[[nodiscard]] bool has_19_class_label(const std::vector<LandCover>& labels);

// Writes the lists into a folder that exists, under the names and in the
// formats of the package bigearthnet-common; an empty list is an empty .csv.
// Throws Error{kIo}.
void write_lists(
    const std::filesystem::path& folder,
    const std::vector<PatchRecord>& records);

}  // namespace nadir::synth
