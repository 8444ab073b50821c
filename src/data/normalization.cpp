#include "data/normalization.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"

namespace nadir::data {
namespace {

using raster::Image;
using raster::PixelType;

// Reflectance 10,000 is white paper; 2,000 is what the article maps to 255.
constexpr double kReflectanceScale = 10'000;
constexpr double kRgbWhite = 2'000;
constexpr double kArticleClip = 225.0 / 255;

struct ColorFigures {
  double mean[3];  // red, green, blue
  double std[3];
};

constexpr ColorFigures kImageNet = {{.485, .456, .406}, {.229, .224, .225}};
constexpr ColorFigures kDinoV3Satellite = {
    {.430, .411, .296}, {.213, .156, .143}};

struct MeanStd {
  double mean;
  double std;
};

// Published figures of BigEarthNet v1, each band at its own resolution
// (band_stats of bigearthnet_common 2.8.0).
const std::map<std::string, MeanStd>& bigearthnet_mean_std() {
  static const std::map<std::string, MeanStd> figures = {
      {"B01", {340.76769064, 554.81258967}},
      {"B02", {429.9430203, 572.41639287}},
      {"B03", {614.21682446, 582.87945694}},
      {"B04", {590.23569706, 675.88746967}},
      {"B05", {950.68368468, 729.89827633}},
      {"B06", {1792.46290469, 1096.01480586}},
      {"B07", {2075.46795189, 1273.45393088}},
      {"B08", {2218.94553375, 1365.45589904}},
      {"B8A", {2266.46036911, 1356.13789355}},
      {"B09", {2246.0605464, 1302.3292881}},
      {"B11", {1594.42694882, 1079.19066363}},
      {"B12", {1009.32729131, 818.86747235}},
      {"VV", {-12.619993741972035, 5.115911777546365}},
      {"VH", {-19.29044597721542, 5.464428464912864}}};
  return figures;
}

// torchgeo's BigEarthNet module publishes a range for these bands only.
const std::map<std::string, std::pair<double, double>>& bigearthnet_min_max() {
  static const std::map<std::string, std::pair<double, double>> figures = {
      {"B02", {1, 12'872}}, {"B03", {1, 13'163}}, {"B04", {1, 14'445}}};
  return figures;
}

// 0 red, 1 green, 2 blue; nothing for other bands.
std::optional<int> color_of(const std::string& band) {
  if (band == "R" || band == "B04") {
    return 0;
  }
  if (band == "G" || band == "B03") {
    return 1;
  }
  if (band == "B" || band == "B02") {
    return 2;
  }
  return std::nullopt;
}

bool is_color(const std::vector<std::string>& bands) {
  return bands.size() == 3 &&
         std::all_of(bands.begin(), bands.end(), [](const std::string& band) {
           return color_of(band).has_value();
         });
}

bool is_plain_color(const std::vector<std::string>& bands) {
  return is_color(bands) && bands[0].size() == 1;
}

// What a full-scale value is, so that u stays near [0, 1] where the rule
// itself does not say.
double unit_scale(PixelType type) {
  return type == PixelType::kUint8     ? 255
         : type == PixelType::kFloat32 ? 1
                                       : kReflectanceScale;
}

// Everything that a convention may ask about the bands.
class Recipe {
 public:
  Recipe(
      const std::string& name,
      const std::vector<std::string>& bands,
      PixelType type,
      const BandStatistics* statistics)
      : type_(type), statistics_(statistics) {
    result_.name = name;
    result_.bands = bands;
  }

  [[nodiscard]] Normalization take() { return std::move(result_); }

  void use_range(double low, double high, bool quantize) {
    result_.low.assign(result_.bands.size(), low);
    result_.high.assign(result_.bands.size(), high);
    result_.quantize = quantize;
  }

  void use_range_per_band(
      const std::function<std::pair<double, double>(size_t)>& range,
      bool quantize) {
    for (size_t b = 0; b < result_.bands.size(); ++b) {
      const auto [low, high] = range(b);
      NADIR_CHECK(
          low < high,
          "normalisation {}: band {} has the empty range {} to {}; measure "
          "the data with `nadir data stats`",
          result_.name,
          result_.bands[b],
          low,
          high);
      result_.low.push_back(low);
      result_.high.push_back(high);
    }
    result_.quantize = quantize;
  }

  void use_mean_std(double mean, double std) {
    result_.mean.assign(result_.bands.size(), mean);
    result_.std.assign(result_.bands.size(), std);
  }

  // Mean and std of u from those of the digital numbers; clipping ignored.
  void use_measured_mean_std() {
    for (size_t b = 0; b < result_.bands.size(); ++b) {
      const auto [mean, std] = mean_std(b);
      const double scale = result_.high[b] - result_.low[b];
      result_.mean.push_back((mean - result_.low[b]) / scale);
      result_.std.push_back(std / scale);
    }
  }

  void use_color(const ColorFigures& figures) {
    NADIR_CHECK(
        is_color(result_.bands),
        "normalisation {} is for red, green and blue (B04,B03,B02 or R,G,B), "
        "got {}; zscore and minmax take any bands",
        result_.name,
        join(result_.bands, ","));
    for (const auto& band : result_.bands) {
      const auto color = static_cast<size_t>(*color_of(band));
      result_.mean.push_back(figures.mean[color]);
      result_.std.push_back(figures.std[color]);
    }
  }

  // The article's stretch. 8-bit bands of a packed dataset carry it already.
  void use_rgb_stretch(double clip_high) {
    NADIR_CHECK(
        !is_plain_color(result_.bands) || type_ != PixelType::kUint8,
        "normalisation {} is for Sentinel-2 reflectance; 8-bit colour images "
        "take imagenet",
        result_.name);
    use_range(0, type_ == PixelType::kUint8 ? 255 : kRgbWhite, true);
    result_.clip_high = clip_high;
  }

  void require_8_bit() const {
    NADIR_CHECK(
        type_ == PixelType::kUint8,
        "normalisation {} is for 8-bit images; 16-bit and float bands take "
        "rgb2000, zscore, minmax or percentile",
        result_.name);
  }

  [[nodiscard]] PixelType type() const { return type_; }

  [[nodiscard]] MeanStd mean_std(size_t b) const {
    if (const auto i = find_measured(b)) {
      const MeanStd found = {statistics_->mean[*i], statistics_->std[*i]};
      NADIR_CHECK(
          found.std > 0,
          "normalisation {}: band {} is constant (std 0) and cannot be scaled; "
          "leave it out",
          result_.name,
          result_.bands[b]);
      return found;
    }
    const auto& published = bigearthnet_mean_std();
    const auto found = published.find(result_.bands[b]);
    if (found == published.end() || type_ == PixelType::kUint8) {
      fail_without_statistics(b);
    }
    return found->second;
  }

  [[nodiscard]] std::pair<double, double> min_max(size_t b) const {
    if (const auto i = find_measured(b)) {
      return {statistics_->min[*i], statistics_->max[*i]};
    }
    const auto& published = bigearthnet_min_max();
    const auto found = published.find(result_.bands[b]);
    if (found == published.end() || type_ == PixelType::kUint8) {
      fail_without_statistics(b);
    }
    return found->second;
  }

  [[nodiscard]] std::pair<double, double> percentiles(size_t b) const {
    const auto i = find_measured(b);
    if (!i) {
      fail_without_statistics(b);
    }
    return {statistics_->percentile_2[*i], statistics_->percentile_98[*i]};
  }

 private:
  [[nodiscard]] std::optional<size_t> find_measured(size_t b) const {
    if (statistics_ == nullptr) {
      return std::nullopt;
    }
    const auto& bands = statistics_->bands;
    const auto found = std::find(bands.begin(), bands.end(), result_.bands[b]);
    if (found == bands.end()) {
      return std::nullopt;
    }
    return static_cast<size_t>(found - bands.begin());
  }

  [[noreturn]] void fail_without_statistics(size_t b) const {
    fail(
        ErrorCode::kInvalidArgument,
        "normalisation {} needs statistics of band {}, and there are none; "
        "`nadir data pack` stores them with the data",
        result_.name,
        result_.bands[b]);
  }

  Normalization result_;
  PixelType type_;
  const BandStatistics* statistics_;
};

using Rule = void (*)(Recipe&);

// The conventions by name (docs/formats/normalization.md).
const std::vector<std::pair<std::string, Rule>>& rules() {
  static const std::vector<std::pair<std::string, Rule>> list = {
      {"rgb2000",
       [](Recipe& recipe) {
         recipe.use_rgb_stretch(1);
         recipe.use_color(kImageNet);
       }},
      {"seed",
       [](Recipe& recipe) {
         recipe.use_rgb_stretch(kArticleClip);
         recipe.use_color(kImageNet);
       }},
      {"imagenet",
       [](Recipe& recipe) {
         recipe.require_8_bit();
         recipe.use_range(0, 255, true);
         recipe.use_color(kImageNet);
       }},
      {"zscore",
       [](Recipe& recipe) {
         recipe.use_range(0, unit_scale(recipe.type()), false);
         recipe.use_measured_mean_std();
       }},
      {"div10000",
       [](Recipe& recipe) {
         recipe.use_range(0, kReflectanceScale, false);
         recipe.use_mean_std(0, 1);
       }},
      {"minmax",
       [](Recipe& recipe) {
         recipe.use_range_per_band(
             [&](size_t b) { return recipe.min_max(b); }, false);
         recipe.use_mean_std(0, 1);
       }},
      {"percentile",
       [](Recipe& recipe) {
         recipe.use_range_per_band(
             [&](size_t b) { return recipe.percentiles(b); }, true);
         recipe.use_measured_mean_std();
       }},
      {"clip2std",
       [](Recipe& recipe) {
         recipe.use_range_per_band(
             [&](size_t b) {
               const auto [mean, std] = recipe.mean_std(b);
               return std::pair(mean - 2 * std, mean + 2 * std);
             },
             true);
         recipe.use_measured_mean_std();
       }},
      {"dinov3sat", [](Recipe& recipe) {
         if (recipe.type() == PixelType::kUint8) {
           recipe.use_range(0, 255, true);
         } else {
           recipe.use_rgb_stretch(1);
         }
         recipe.use_color(kDinoV3Satellite);
       }}};
  return list;
}

std::string automatic_name(
    const std::vector<std::string>& bands, PixelType type) {
  if (is_plain_color(bands)) {
    return type == PixelType::kUint8 ? "imagenet" : "zscore";
  }
  return is_color(bands) ? "rgb2000" : "zscore";
}

// uint8 trunc(255 u) with u clipped to [0, clip_high]; NaN becomes 0. The
// order of operations is NumPy's, x / 2000 * 255, to the last bit.
template <class T>
void quantize_band(
    std::span<const T> src,
    double low,
    double high,
    double clip_high,
    std::span<uint8_t> dst) {
  const double scale = high - low;
  const double limit = std::round(255 * clip_high);
  for (size_t i = 0; i < src.size(); ++i) {
    const double value = (static_cast<double>(src[i]) - low) / scale * 255;
    // Comparisons in this order send NaN to 0.
    const double clipped = value > 0 ? (value < limit ? value : limit) : 0;
    dst[i] = static_cast<uint8_t>(static_cast<int>(clipped));
  }
}

template <class T>
void scale_band(
    std::span<const T> src,
    double low,
    double high,
    double mean,
    std::span<float> dst) {
  const double scale = 1 / (high - low);
  for (size_t i = 0; i < src.size(); ++i) {
    const double value = (static_cast<double>(src[i]) - low) * scale;
    dst[i] = static_cast<float>(std::isnan(value) ? mean : value);
  }
}

// Calls f with the image's pixel type as a value of that type.
template <class F>
void with_pixel_type(PixelType type, F&& f) {
  switch (type) {
    case PixelType::kUint8:
      return f(uint8_t{});
    case PixelType::kUint16:
      return f(uint16_t{});
    case PixelType::kInt16:
      return f(int16_t{});
    case PixelType::kFloat32:
      return f(float{});
  }
}

}  // namespace

Image Normalization::to_unit(const Image& raw) const {
  NADIR_CHECK(
      raw.num_bands() == static_cast<int64_t>(bands.size()),
      "normalisation {} is for {} bands ({}), got an image of {}",
      name,
      bands.size(),
      join(bands, ","),
      raw.num_bands());
  Image unit(
      raw.num_bands(),
      raw.height(),
      raw.width(),
      quantize ? PixelType::kUint8 : PixelType::kFloat32);
  with_pixel_type(raw.type(), [&](auto pixel) {
    using T = decltype(pixel);
    for (int64_t b = 0; b < raw.num_bands(); ++b) {
      const auto i = static_cast<size_t>(b);
      const auto src = raw.band<T>(b);
      if (!quantize) {
        scale_band(src, low[i], high[i], mean[i], unit.band<float>(b));
        continue;
      }
      if constexpr (std::is_same_v<T, uint8_t>) {
        if (low[i] == 0 && high[i] == 255 && clip_high == 1) {
          std::copy(src.begin(), src.end(), unit.band<uint8_t>(b).begin());
          continue;
        }
      }
      quantize_band(src, low[i], high[i], clip_high, unit.band<uint8_t>(b));
    }
  });
  return unit;
}

nlohmann::json to_json(const Normalization& normalization) {
  return {
      {"name", normalization.name},
      {"bands", normalization.bands},
      {"low", normalization.low},
      {"high", normalization.high},
      {"quantize", normalization.quantize},
      {"clip_high", normalization.clip_high},
      {"mean", normalization.mean},
      {"std", normalization.std}};
}

Normalization normalization_from_json(const nlohmann::json& json) {
  Normalization normalization;
  try {
    json.at("name").get_to(normalization.name);
    json.at("bands").get_to(normalization.bands);
    json.at("low").get_to(normalization.low);
    json.at("high").get_to(normalization.high);
    json.at("quantize").get_to(normalization.quantize);
    json.at("clip_high").get_to(normalization.clip_high);
    json.at("mean").get_to(normalization.mean);
    json.at("std").get_to(normalization.std);
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "stored normalisation is damaged: {}",
        error.what());
  }
  const size_t num_bands = normalization.bands.size();
  for (const auto* values :
       {&normalization.low,
        &normalization.high,
        &normalization.mean,
        &normalization.std}) {
    if (values->size() != num_bands) {
      fail(
          ErrorCode::kCorruptData,
          "stored normalisation {} is damaged: {} values for {} bands",
          normalization.name,
          values->size(),
          num_bands);
    }
  }
  return normalization;
}

Normalization make_normalization(
    const std::string& name,
    const std::vector<std::string>& bands,
    PixelType pixel_type,
    const BandStatistics* statistics) {
  NADIR_CHECK(!bands.empty(), "normalisation needs at least one band");
  const std::string chosen =
      name == "auto" ? automatic_name(bands, pixel_type) : name;
  std::vector<std::string> known;
  for (const auto& [rule_name, rule] : rules()) {
    if (rule_name == chosen) {
      Recipe recipe(chosen, bands, pixel_type, statistics);
      rule(recipe);
      return recipe.take();
    }
    known.push_back(rule_name);
  }
  fail(
      ErrorCode::kInvalidArgument,
      "normalisation must be auto, {}, got '{}'{}",
      join(known, ", "),
      name,
      did_you_mean(name, known));
}

}  // namespace nadir::data
