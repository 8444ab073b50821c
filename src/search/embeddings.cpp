#include "search/embeddings.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <variant>

#include "core/config.h"
#include "core/error.h"
#include "kernels/dot.h"
#include "search/unit.h"

namespace nadir::search {
namespace {

constexpr char kFeatures[] = "features";
constexpr char kName[] = "name";
constexpr char kGeometry[] = "geometry";

}  // namespace

Embeddings Embeddings::read(
    const std::filesystem::path& path, bool is_centred) {
  NADIR_CHECK(
      path.extension() == ".parquet",
      "{} is no .parquet file; write one with nadir embed --out {}.parquet",
      path.string(),
      path.stem().string());
  const auto stamp = stamp_of(path);  // before: what is written later differs
  const auto columns = table::read_parquet_columns(path);
  const bool has_footprints =
      std::find(columns.begin(), columns.end(), kGeometry) != columns.end();
  std::vector<std::string> wanted = {kName, kFeatures};
  if (has_footprints) {
    wanted.emplace_back(kGeometry);
  }
  auto table = table::read_parquet(path, wanted);
  std::vector<std::string> names;
  for (const auto& name : table.get<table::TextColumn>(kName)) {
    names.push_back(name.value_or(""));
  }
  const int64_t width = table.get<table::FloatRowsColumn>(kFeatures).width;
  // Moved: a copy of them may not fit.
  auto& features = std::get<table::FloatRowsColumn>(table.columns[1].values);
  Embeddings embeddings(
      std::move(names), width, std::move(features.values), is_centred);
  if (has_footprints) {
    embeddings.footprints_ = table.get<table::BytesColumn>(kGeometry).rows;
  }
  embeddings.metadata_ = table::read_parquet_metadata(path);
  embeddings.file_stamp_ = stamp;
  return embeddings;
}

Embeddings::Embeddings(
    std::vector<std::string> names,
    int64_t width,
    std::vector<float> values,
    bool is_centred)
    : width_(width), names_(std::move(names)), values_(std::move(values)) {
  NADIR_CHECK(
      width_ > 0 && !names_.empty() &&
          values_.size() == names_.size() * static_cast<size_t>(width_),
      "embeddings need at least one image of at least one number, got {} of "
      "{}",
      names_.size(),
      width_);
  check_rows();
  if (is_centred) {
    take_off_mean();
  }
  for (int64_t i = 0; i < size(); ++i) {
    float* const row = values_.data() + i * width_;
    const double length = std::sqrt(kernels::dot(row, row, width_));
    for (int64_t j = 0; j < width_; ++j) {
      row[j] = length > 0 ? static_cast<float>(row[j] / length) : 0;
    }
    rows_.emplace(name(i), i);
  }
}

void Embeddings::check_rows() const {
  for (int64_t i = 0; i < size(); ++i) {
    const float* const values = row(i).data();
    const double length = std::sqrt(kernels::dot(values, values, width_));
    if (!std::isfinite(length) || length == 0) {
      fail(
          ErrorCode::kCorruptData,
          "the embedding of '{}' has length {}; make it again with nadir embed",
          name(i),
          length);
    }
  }
}

void Embeddings::take_off_mean() {
  mean_.assign(static_cast<size_t>(width_), 0.0);
  for (int64_t i = 0; i < size(); ++i) {
    for (size_t j = 0; j < mean_.size(); ++j) {
      mean_[j] += row(i)[j];
    }
  }
  double squares = 0;
  for (double& value : mean_) {
    value /= static_cast<double>(size());
    squares += value * value;
  }
  // What is left of an image that is the mean is rounding, and has no
  // direction.
  constexpr double kRounding = 1e-6;
  const double nothing = kRounding * std::sqrt(squares);
  for (int64_t i = 0; i < size(); ++i) {
    float* const values = values_.data() + i * width_;
    double left = 0;
    for (size_t j = 0; j < mean_.size(); ++j) {
      const double value = values[j] - mean_[j];
      left += value * value;
      values[j] = static_cast<float>(value);
    }
    if (std::sqrt(left) <= nothing) {
      std::fill_n(values, width_, 0.0F);
    }
  }
}

std::vector<float> Embeddings::direction_of(
    std::span<const float> features) const {
  NADIR_CHECK(
      static_cast<int64_t>(features.size()) == width_,
      "the image has {} features, the embeddings have {}",
      features.size(),
      width_);
  std::vector<double> values(features.begin(), features.end());
  for (size_t j = 0; j < mean_.size(); ++j) {
    values[j] -= mean_[j];
  }
  return unit_vector(values);
}

int64_t Embeddings::row_of(const std::string& name) const {
  const auto row = find(name);
  NADIR_CHECK(
      row.has_value(),
      "no image is called '{}'{}",
      name,
      did_you_mean(name, names_));
  return *row;
}

std::string stamp_of(const std::filesystem::path& path) {
  std::error_code code;
  const auto num_bytes = std::filesystem::file_size(path, code);
  if (code) {
    return "";
  }
  const auto time = std::filesystem::last_write_time(path, code);
  const auto time_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
      time.time_since_epoch());
  return code ? "" : fmt::format("{} {}", num_bytes, time_ns.count());
}

std::optional<int64_t> Embeddings::find(const std::string& name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? std::nullopt : std::optional(found->second);
}

const std::string& Embeddings::footprint_wkb(int64_t row) const {
  static const std::string none;
  return footprints_.empty() ? none : footprints_[static_cast<size_t>(row)];
}

}  // namespace nadir::search
