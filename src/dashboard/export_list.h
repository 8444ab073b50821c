// A chosen list of images as a file to take away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dashboard/data_parts.h"

namespace nadir::dashboard {

struct ExportedFile {
  std::string name;  // "images.geojson"
  std::string content_type;
  std::string text;
};

// `format` is "geojson" (footprints in degrees with labels, predictions and
// errors), "csv" (the same without footprints) or "names" (a name a line, as
// --data takes). Throws Error{kInvalidArgument} for another format, and for
// GeoJSON of images without footprints.
[[nodiscard]] ExportedFile export_list(
    const DataParts& parts,
    const std::vector<int64_t>& ids,
    const std::string& format);

}  // namespace nadir::dashboard
