// What is known of every image of a dataset without its pixels: names, labels,
// splits, footprints. The part that all kinds of datasets share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace nadir::data {

// Splits in the order they are reported; kNone is the split "".
enum class Split : uint8_t { kNone, kTrain, kValidation, kTest };

[[nodiscard]] const std::string& split_name(Split split);

// "train", "validation" or "val", "valid", "test"; nothing for other texts.
[[nodiscard]] std::optional<Split> parse_split(const std::string& text);

// One row an image; `labels` is multi-hot, `geometry` WKB or empty as a whole.
struct Catalog {
  std::vector<std::string> names;
  std::vector<Split> splits;
  std::vector<std::string> class_names;
  std::vector<uint8_t> labels;  // names.size() * class_names.size()
  bool is_multi_label = false;
  std::vector<std::string> geometry;
  std::string crs;

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(names.size());
  }

  [[nodiscard]] bool has_splits() const;

  [[nodiscard]] std::span<const uint8_t> labels_of(int64_t index) const;

  // The rows `rows`, in that order.
  [[nodiscard]] Catalog rows(std::span<const int64_t> rows) const;
};

// The rows that `options.split` and `options.max_images` ask for, in order.
// Where a split is asked for and there is none, split_by_name() makes one,
// which is logged. Throws Error{kInvalidArgument} on an unknown split, or one
// without images.
[[nodiscard]] std::vector<int64_t> choose_rows(
    Catalog& catalog, const DatasetOptions& options);

// The name's place in [0, 1), uniform, and another for each purpose ("test",
// "validation"): the same on every machine.
[[nodiscard]] double share_of_name(
    const std::string& name, const std::string& purpose);

// What is set aside of data without splits, here and by `nadir eval`, so that
// training on 'train' sees none of the images that it scores.
inline constexpr double kTestShare = 0.2;
inline constexpr double kValidationShare = 0.1;  // of the rest

// Test and validation by those shares and share_of_name().
[[nodiscard]] Split split_by_name(const std::string& name);

// For each wanted band its place in `available`; all of them in order if none
// is wanted. B8A is also found as B08A, B02 as B2. Throws
// Error{kInvalidArgument} naming the bands there are; B10 says why not.
[[nodiscard]] std::vector<size_t> choose_bands(
    const std::vector<std::string>& wanted,
    const std::vector<std::string>& available);

// "B2" and "b02" are "B02", "B08A" is "B8A"; other texts stay as they are.
[[nodiscard]] std::string canonical_band(const std::string& band);

// A Dataset whose answers, pixels apart, come from a catalog.
class CatalogDataset : public Dataset {
 public:
  [[nodiscard]] int64_t size() const override { return catalog_.size(); }

  [[nodiscard]] const std::string& name(int64_t index) const override;
  [[nodiscard]] const std::vector<std::string>& bands() const override;
  [[nodiscard]] const std::vector<std::string>& class_names() const override;
  [[nodiscard]] bool is_multi_label() const override;
  [[nodiscard]] std::span<const uint8_t> labels(int64_t index) const override;
  [[nodiscard]] const std::string& split(int64_t index) const override;
  [[nodiscard]] std::optional<std::string> geometry_wkb(
      int64_t index) const override;

  [[nodiscard]] std::string crs() const override { return catalog_.crs; }

  [[nodiscard]] std::string description() const override;

 protected:
  // `kind` and `path` are for description(): "image folder", "/data/x".
  CatalogDataset(
      Catalog catalog,
      std::vector<std::string> bands,
      std::string kind,
      std::string path);

 private:
  Catalog catalog_;
  std::vector<std::string> bands_;
  std::string kind_;
  std::string path_;
};

}  // namespace nadir::data
