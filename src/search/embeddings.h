// The embeddings of images, by name, ready to be searched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/vectors.h"
#include "table/parquet.h"

namespace nadir::search {

// Const functions may be called from any thread.
class Embeddings {
 public:
  // What `nadir embed` wrote as Parquet. With `is_centred` the mean of all
  // embeddings is taken off each, so that what all images share counts for
  // nothing; then rows are brought to length 1. Throws
  // as table::read_parquet() does, Error{kInvalidArgument} for another
  // extension, and Error{kCorruptData} naming an image whose embedding is not
  // finite or nothing but 0.
  static Embeddings read(const std::filesystem::path& path, bool is_centred);

  // The same from memory: `values` are rows of `width` numbers.
  Embeddings(
      std::vector<std::string> names,
      int64_t width,
      std::vector<float> values,
      bool is_centred = false);

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(names_.size());
  }

  [[nodiscard]] int64_t width() const { return width_; }

  // Whether the mean was taken off.
  [[nodiscard]] bool is_centred() const { return !mean_.empty(); }

  [[nodiscard]] const std::string& name(int64_t row) const {
    return names_[static_cast<size_t>(row)];
  }

  // Of length 1; of an image that is the mean itself 0.
  [[nodiscard]] std::span<const float> row(int64_t row) const {
    return {values_.data() + row * width_, static_cast<size_t>(width_)};
  }

  // All rows, which live as long as this does.
  operator Vectors() const {  // NOLINT(google-explicit-constructor)
    return {values_.data(), size(), width_};
  }

  // Features of another image, of width(), as rows are: the mean taken off
  // where it was taken off them, of length 1. Throws Error{kInvalidArgument}
  // for another width, and as unit_vector() does.
  [[nodiscard]] std::vector<float> direction_of(
      std::span<const float> features) const;

  // The row of an image. Throws Error{kInvalidArgument} naming the nearest name
  // where there is none.
  [[nodiscard]] int64_t row_of(const std::string& name) const;

  [[nodiscard]] std::optional<int64_t> find(const std::string& name) const;

  // Where an image lies, WKB in the file's projection; empty where the file
  // does not say.
  [[nodiscard]] const std::string& footprint_wkb(int64_t row) const;

  // Size and time of the file as it was read; "" of others.
  [[nodiscard]] const std::string& file_stamp() const { return file_stamp_; }

  // What the file says of itself: weights, views, precision ("nadir_..."),
  // "geo".
  [[nodiscard]] const table::Metadata& metadata() const { return metadata_; }

 private:
  void check_rows() const;
  void take_off_mean();

  int64_t width_;
  std::vector<std::string> names_;
  std::vector<float> values_;
  std::vector<double> mean_;             // what was taken off; empty: nothing
  std::vector<std::string> footprints_;  // none, or one a row
  std::unordered_map<std::string, int64_t> rows_;
  table::Metadata metadata_;
  std::string file_stamp_;
};

// Size and time of a file, "12345 1700000000000000000" (bytes, nanoseconds); ""
// where there is none.
[[nodiscard]] std::string stamp_of(const std::filesystem::path& path);

}  // namespace nadir::search
