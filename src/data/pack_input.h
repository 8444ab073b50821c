// What `nadir data pack` reads: BigEarthNet patches from a folder or archive
// with their index, or any other dataset that open_dataset() opens.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/catalog.h"
#include "data/pack.h"
#include "raster/image.h"
#include "table/parquet.h"

namespace nadir::data {

// One image on its way: bytes of its files, or its place in a dataset.
struct PackItem {
  std::string name;
  std::string problem;                       // not empty if it cannot be read
  std::map<std::string, std::string> files;  // "B02" -> bytes
  int64_t row = -1;
};

// The rows of index.parquet and what else the file carries.
struct IndexTable {
  table::Table table;
  table::Metadata metadata;
};

class PackInput {
 public:
  virtual ~PackInput() = default;

  // Bands as they will be stored, in order.
  [[nodiscard]] virtual const std::vector<std::string>& bands() const = 0;

  // Images to store; those that next() gives beside are passed over.
  [[nodiscard]] virtual const Catalog& catalog() const = 0;

  // "new_labels"; "" if unlabelled.
  [[nodiscard]] virtual std::string label_column() const = 0;

  // The next image, or nothing at the end. One consumer. Throws
  // Error{kCorruptData} if an archive is damaged.
  [[nodiscard]] virtual std::optional<PackItem> next() = 0;

  // Pixels as one image of all bands, or an image a band where they are of
  // unlike resolution. Thread-safe. Throws Error{kCorruptData}.
  [[nodiscard]] virtual std::vector<raster::Image> decode(
      const PackItem& item) const = 0;

  // The catalog's rows as the table that is stored with the data.
  [[nodiscard]] virtual IndexTable index() const = 0;
};

// The options' `index` names the index of BigEarthNet patches; "" takes the one
// beside them, if there is one. next() gives the images of the part's block of
// rows; what is not in the catalog goes with part 1. Throws as
// open_patch_source() and open_dataset() do.
[[nodiscard]] std::unique_ptr<PackInput> open_pack_input(
    const PackOptions& options);

}  // namespace nadir::data
