#include "data/patch_name.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/error.h"
#include "raster/geotiff.h"

namespace nadir::data {
namespace {

bool is_digit(char letter) {
  return std::isdigit(static_cast<unsigned char>(letter)) != 0;
}

bool is_number(std::string_view text, size_t min_digits, size_t max_digits) {
  return text.size() >= min_digits && text.size() <= max_digits &&
         std::all_of(text.begin(), text.end(), is_digit);
}

// "20170613T101031", or with five digits of time where the hour lost its zero.
bool is_time(std::string_view text, size_t min_digits) {
  return text.size() > 9 && text[8] == 'T' &&
         is_number(text.substr(0, 8), 8, 8) &&
         is_number(text.substr(9), min_digits, 6);
}

// "33UUP": two digits and three upper-case letters.
bool is_tile(std::string_view text) {
  return text.size() == 5 && is_number(text.substr(0, 2), 2, 2) &&
         std::all_of(text.begin() + 2, text.end(), [](char letter) {
           return letter >= 'A' && letter <= 'Z';
         });
}

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  while (parts.size() < 9) {
    const size_t end = name.find('_');
    parts.push_back(name.substr(0, end));
    if (end == std::string_view::npos) {
      break;
    }
    name.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace

std::optional<PatchLayout> patch_layout(std::string_view name) {
  const auto part = parts_of(name);
  if ((part.size() != 5 && part.size() != 8) ||
      (part[0] != "S2A" && part[0] != "S2B") || part[1] != "MSIL2A" ||
      !is_number(part[part.size() - 2], 1, 2) ||
      !is_number(part[part.size() - 1], 1, 2)) {
    return std::nullopt;
  }
  if (part.size() == 5) {
    return is_time(part[2], 5) ? std::optional(PatchLayout::kV1) : std::nullopt;
  }
  const bool is_v2 = is_time(part[2], 6) && part[3].starts_with('N') &&
                     is_number(part[3].substr(1), 4, 4) &&
                     part[4].starts_with('R') &&
                     is_number(part[4].substr(1), 3, 3) &&
                     part[5].starts_with('T') && is_tile(part[5].substr(1));
  return is_v2 ? std::optional(PatchLayout::kV2) : std::nullopt;
}

std::optional<int64_t> band_size_px(std::string_view band) {
  for (const auto& grid : kPatchBands) {
    if (band == grid.name) {
      return grid.size_px;
    }
  }
  return std::nullopt;
}

std::string band_problem(const std::string& band, std::string_view tiff) {
  try {
    const raster::Image image = raster::decode_raster(tiff, band);
    const int64_t size_px = band_size_px(band).value_or(image.height());
    if (image.num_bands() != 1 || image.height() != size_px ||
        image.width() != size_px) {
      return fmt::format(
          "{} has {} band(s) of {} x {} pixels, expected 1 of {} x {}",
          band,
          image.num_bands(),
          image.height(),
          image.width(),
          size_px,
          size_px);
    }
    if (image.type() != raster::PixelType::kUint16) {
      return fmt::format("{} does not hold uint16 pixels", band);
    }
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string band_file_name(const std::string& patch, const std::string& band) {
  return patch + '_' + band + ".tif";
}

std::string metadata_file_name(const std::string& patch) {
  return patch + "_labels_metadata.json";
}

}  // namespace nadir::data
