// From digital numbers to network input, by the name of a convention. The
// choice travels with datasets, weights and reports, and a mismatch is
// refused. Conventions and figures: docs/formats/normalization.md.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "raster/image.h"

namespace nadir::data {

// Two stages. Stage 1 maps a digital number x of band b to
// u = (x - low[b]) / (high[b] - low[b]); where `quantize` is set u is clipped
// to [0, clip_high] and stored as uint8 trunc(255 u), else it stays float32
// and is not clipped. Views are cut and photometric changes made on u. Stage 2
// is (u - mean[b]) / std[b], the network's input.
struct Normalization {
  std::string name;  // "rgb2000", "zscore", ...
  std::vector<std::string> bands;
  std::vector<double> low;
  std::vector<double> high;
  bool quantize = true;
  double clip_high = 1.0;    // 225/255 for "seed"
  std::vector<double> mean;  // of u
  std::vector<double> std;   // of u

  // Stage 1 of all bands: a uint8 image if `quantize`, else float32.
  // Throws Error{kInvalidArgument} if the number of bands differs.
  [[nodiscard]] raster::Image to_unit(const raster::Image& raw) const;

  bool operator==(const Normalization&) const = default;
};

[[nodiscard]] nlohmann::json to_json(const Normalization& normalization);
[[nodiscard]] Normalization normalization_from_json(const nlohmann::json& json);

// Per-band statistics of the digital numbers, of dataset.json or measured.
struct BandStatistics {
  std::vector<std::string> bands;
  std::vector<double> mean;
  std::vector<double> std;
  std::vector<double> min;
  std::vector<double> max;
  std::vector<double> percentile_2;
  std::vector<double> percentile_98;
};

// The convention `name` for these bands: rgb2000, seed, imagenet, zscore,
// div10000, minmax, percentile, clip2std, dinov3sat. "auto" is imagenet for
// 8-bit colour, rgb2000 for B04,B03,B02 and zscore for other bands.
// `statistics` may be null for conventions that need none; conventions that
// need them use BigEarthNet's published figures where null and the bands are
// Sentinel-2's. Throws Error{kInvalidArgument} naming the known conventions.
[[nodiscard]] Normalization make_normalization(
    const std::string& name,
    const std::vector<std::string>& bands,
    raster::PixelType pixel_type,
    const BandStatistics* statistics);

}  // namespace nadir::data
