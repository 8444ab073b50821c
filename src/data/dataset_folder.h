// The dataset folder that `nadir data pack` makes: dataset.json,
// index.parquet, shards/ (docs/formats/dataset.md); and LMDB shards of other
// programs with an index beside them.
#pragma once

#include <memory>

#include "data/dataset.h"

namespace nadir::data {

// Opens a folder with dataset.json. Throws as open_dataset() does;
// Error{kCorruptData} if the index lists images that the shards lack.
[[nodiscard]] std::unique_ptr<Dataset> open_dataset_folder(
    const DatasetOptions& options);

// The same at s3://, and shards with an index there; null where neither is.
[[nodiscard]] std::unique_ptr<Dataset> open_remote_dataset_folder(
    const DatasetOptions& options);

// Opens one LMDB environment, or a folder of them, in rico-hdl's layout with a
// BigEarthNet index (options.index).
[[nodiscard]] std::unique_ptr<Dataset> open_shards_with_index(
    const DatasetOptions& options);

}  // namespace nadir::data
