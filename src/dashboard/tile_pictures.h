// Pictures of an image's bands as PNG files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "data/dataset.h"
#include "eval/composite.h"

namespace nadir::dashboard {

// From any thread; each call reads the image. What reading throws.
[[nodiscard]] std::string composite_png(
    const data::Dataset& dataset, int64_t id, const eval::Composite& composite);

// The first composite, at most 160 px a side.
[[nodiscard]] std::string thumbnail_png(
    const data::Dataset& dataset, int64_t id);

// One band in grey, from its 2nd to its 98th percentile.
[[nodiscard]] std::string band_png(
    const data::Dataset& dataset, int64_t id, int64_t band);

// Name, size, and smallest, mean and largest digital number of each band.
[[nodiscard]] nlohmann::ordered_json bands_json(
    const data::Dataset& dataset, int64_t id);

}  // namespace nadir::dashboard
