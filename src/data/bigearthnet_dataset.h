// Folders with a GeoTIFF for each band of each image: BigEarthNet version 1
// and 2 as they come, what `nadir data subset` writes, and others of the kind
// (SSL4EO-S12, Major TOM).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/dataset.h"

namespace nadir::data {

// Whether there is a folder of BigEarthNet's patch names at most three levels
// below `path`. Looks at few entries.
[[nodiscard]] bool is_bigearthnet_folder(const std::filesystem::path& path);

// Whether images are folders with files B02.tif or NAME_B02.tif, at most five
// levels below `path`. Looks at few entries.
[[nodiscard]] bool is_band_file_folder(const std::filesystem::path& path);

// The index that lies beside a BigEarthNet folder or archive: index.parquet
// or metadata.parquet in it or next to it, metadata/final_ben_s2.parquet next
// to it; "" if there is none.
[[nodiscard]] std::string index_beside(const std::filesystem::path& path);

// Images with labels and splits from options.index, else from the index beside
// them, else labels from the patches' JSON files; other folders of the kind
// are unlabelled. Throws as open_dataset() does; Error{kCorruptData} naming
// the patch if a JSON cannot be used.
[[nodiscard]] std::unique_ptr<Dataset> open_band_file_folder(
    const DatasetOptions& options);

}  // namespace nadir::data
