#include "dashboard/made_data.h"

#include <cstring>

namespace nadir::dashboard {

raster::Image MadeDataset::read(int64_t index) const {
  raster::Image tile(4, 200, 100, raster::PixelType::kUint16);
  for (int64_t band = 0; band < 4; ++band) {
    auto pixels = tile.band<uint16_t>(band);
    for (size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<uint16_t>(
          100 * band + static_cast<int64_t>(i) % 100 + index);
    }
  }
  return tile;
}

std::optional<std::string> MadeDataset::geometry_wkb(int64_t index) const {
  if (index == 5) {
    return std::nullopt;
  }
  std::string wkb;
  const auto put = [&](const auto& value) {
    wkb.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  put(uint8_t{1});
  put(uint32_t{3});
  put(uint32_t{1});
  put(uint32_t{5});
  const double x = 500'000 + 10'000 * static_cast<double>(index);
  const double y = 5'000'000;
  for (const auto& [right, up] :
       {std::pair{0, 0}, {1200, 0}, {1200, 1200}, {0, 1200}, {0, 0}}) {
    put(x + right);
    put(y + up);
  }
  return wkb;
}

void write_made_predictions(const std::filesystem::path& path) {
  const MadeDataset made;
  table::TextColumn names;
  for (int64_t i = 0; i < 5; ++i) {
    names.emplace_back(made.name(i));
  }
  names.emplace_back("of elsewhere");
  table::TextListColumn labels = {
      table::TextList{"forest"},
      table::TextList{"labels"},
      table::TextList{"forest"},
      table::TextList{},
      table::TextList{"labels", "water"},
      table::TextList{"water"}};
  table::Table table;
  table.columns.push_back({"name", names});
  table.columns.push_back({"labels", labels});
  table.columns.push_back(
      {"forest", table::NumberColumn{0.9, 0.1, 0.8, 0.4, 0.1, 0.5}});
  table.columns.push_back(
      {"class labels", table::NumberColumn{0.1, 0.9, 0.1, 0.2, 0.7, 0.5}});
  table.columns.push_back(
      {"water", table::NumberColumn{0.1, 0.1, 0.3, 0.2, 0.6, 0.5}});
  table::write_parquet(
      path, table, {{"nadir", R"({"thresholds": [0.5, 0.6, 0.5]})"}});
}

}  // namespace nadir::dashboard
