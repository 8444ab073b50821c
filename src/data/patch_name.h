// Names of BigEarthNet's Sentinel-2 patches, their bands and their files
// (docs/formats/bigearthnet.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nadir::data {

// v1: S2A_MSIL2A_20170613T101031_87_48, with a JSON in the patch's folder.
// v2: S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_75_43, without.
enum class PatchLayout { kV1, kV2 };

// Nothing if `name` is no patch name, upper and lower case included.
[[nodiscard]] std::optional<PatchLayout> patch_layout(std::string_view name);

struct BandGrid {
  const char* name;
  int64_t size_px;  // height and width
};

// The archive's bands in their order. There is no B10.
inline constexpr std::array<BandGrid, 12> kPatchBands = {{
    {"B01", 20},
    {"B02", 120},
    {"B03", 120},
    {"B04", 120},
    {"B05", 60},
    {"B06", 60},
    {"B07", 60},
    {"B08", 120},
    {"B8A", 60},
    {"B09", 20},
    {"B11", 60},
    {"B12", 60},
}};

// Height and width of a patch's band, or nothing if there is no such band.
[[nodiscard]] std::optional<int64_t> band_size_px(std::string_view band);

// Empty if `tiff` holds the uint16 pixels that band `band` of a patch has,
// else what is wrong with it, naming the band.
[[nodiscard]] std::string band_problem(
    const std::string& band, std::string_view tiff);

// "PATCH_B02.tif", and "PATCH_labels_metadata.json".
[[nodiscard]] std::string band_file_name(
    const std::string& patch, const std::string& band);
[[nodiscard]] std::string metadata_file_name(const std::string& patch);

}  // namespace nadir::data
