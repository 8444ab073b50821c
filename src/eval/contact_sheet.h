// Pictures in rows and columns with headings, as one picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raster/image.h"

namespace nadir::eval {

struct SheetCell {
  raster::Image picture;  // RGB uint8
  double aspect = 1;      // width over height as drawn
};

struct SheetRow {
  std::string title;  // above the row
  std::vector<SheetCell> cells;
};

// Rows may have more cells than there are headings. White between and around;
// each picture is brought by nearest neighbour to the largest size of its
// aspect in a square of cell_px, in the cell's upper left. `headings` stand
// above the columns; titles that do not fit lose their beginning.
[[nodiscard]] raster::Image contact_sheet(
    const std::vector<std::string>& headings,
    const std::vector<SheetRow>& rows,
    int64_t cell_px);

}  // namespace nadir::eval
