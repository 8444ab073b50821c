#include "eval/segment_classes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <set>

#include <fmt/format.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::eval {

namespace {

constexpr Color kOkabeIto[] = {
    {0xe6, 0x9f, 0x00},
    {0x56, 0xb4, 0xe9},
    {0x00, 0x9e, 0x73},
    {0xf0, 0xe4, 0x42},
    {0x00, 0x72, 0xb2},
    {0xd5, 0x5e, 0x00},
    {0xcc, 0x79, 0xa7},
    {0x00, 0x00, 0x00}};

// Turns on the colour wheel that fill it evenly, however many there are.
constexpr double kGoldenTurn = 0.618033988749895;

int64_t parse_value(const std::string& text, const std::string& where) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  NADIR_CHECK(
      error == std::errc() && at == end,
      "{}: a class is VALUE=NAME with a whole VALUE, e.g. 10=building; got "
      "'{}'",
      where,
      text);
  return value;
}

MaskClass parse_entry(const std::string& entry, int64_t index) {
  const auto where = fmt::format("classes: '{}'", entry);
  const size_t equals = entry.find('=');
  NADIR_CHECK(
      equals != std::string::npos,
      "{}: a class is VALUE=NAME, e.g. 10=building",
      where);
  std::string name = entry.substr(equals + 1);
  Color color = default_color(index);
  const size_t colon = name.rfind(":#");
  if (colon != std::string::npos) {
    color = parse_color(name.substr(colon + 1));
    name.resize(colon);
  }
  return {parse_value(entry.substr(0, equals), where), name, color};
}

// Cells of a line of CSV; a quoted cell may hold commas, "" is a quote.
std::vector<std::string> csv_cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool is_quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    if (letter == '"' && is_quoted && i + 1 < line.size() &&
        line[i + 1] == '"') {
      cells.back() += '"';
      ++i;
    } else if (letter == '"') {
      is_quoted = !is_quoted;
    } else if (letter == ',' && !is_quoted) {
      cells.emplace_back();
    } else if (letter != '\r') {
      cells.back() += letter;
    }
  }
  return cells;
}

std::vector<MaskClass> read_class_file(const std::string& path) {
  std::vector<MaskClass> classes;
  std::vector<std::string> header;
  for (const auto& line : split(read_file(path), '\n')) {
    if (line.empty()) {
      continue;
    }
    const auto cells = csv_cells(line);
    if (header.empty()) {
      header = cells;
      continue;
    }
    const auto cell = [&](const char* name) -> std::string {
      const auto found = std::find(header.begin(), header.end(), name);
      const auto place = static_cast<size_t>(found - header.begin());
      return place < cells.size() ? cells[place] : "";
    };
    MaskClass entry = {
        parse_value(cell("value"), path),
        cell("name"),
        default_color(static_cast<int64_t>(classes.size()))};
    if (!cell("color").empty()) {
      entry.color = parse_color(cell("color"));
    }
    classes.push_back(std::move(entry));
  }
  NADIR_CHECK(
      !classes.empty(),
      "{} names no classes; it must have a header value,name,color and a line "
      "a class",
      path);
  return classes;
}

void check_classes(const std::vector<MaskClass>& classes) {
  NADIR_CHECK(
      static_cast<int64_t>(classes.size()) <= kMaxMaskClasses,
      "classes: at most {} can be told apart, got {}",
      kMaxMaskClasses,
      classes.size());
  std::set<int64_t> values;
  std::set<std::string> names;
  for (const auto& entry : classes) {
    NADIR_CHECK(
        !entry.name.empty(), "classes: value {} has no name", entry.value);
    NADIR_CHECK(
        values.insert(entry.value).second,
        "classes: value {} stands there twice",
        entry.value);
    NADIR_CHECK(
        names.insert(entry.name).second,
        "classes: name '{}' stands there twice",
        entry.name);
  }
}

}  // namespace

Color default_color(int64_t index) {
  if (index < static_cast<int64_t>(std::size(kOkabeIto))) {
    return kOkabeIto[index];
  }
  const double turn = kGoldenTurn * static_cast<double>(index);
  Color color;
  for (int c = 0; c < 3; ++c) {
    const double phase = 2 * std::numbers::pi * (turn + c / 3.0);
    color[c] = static_cast<uint8_t>(std::lround(140 + 90 * std::cos(phase)));
  }
  return color;
}

std::string color_text(const Color& color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color[0], color[1], color[2]);
}

Color parse_color(const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const bool is_long_enough = text.size() == 7 && text[0] == '#';
  const auto [at, error] =
      is_long_enough ? std::from_chars(text.data() + 1, end, value, 16)
                     : std::from_chars_result{end, std::errc::invalid_argument};
  NADIR_CHECK(
      error == std::errc() && at == end,
      "classes: a colour is #rrggbb, e.g. #e6194b; got '{}'",
      text);
  return {
      static_cast<uint8_t>(value >> 16),
      static_cast<uint8_t>(value >> 8),
      static_cast<uint8_t>(value)};
}

std::vector<MaskClass> parse_mask_classes(
    const std::vector<std::string>& entries) {
  std::vector<MaskClass> classes;
  if (entries.size() == 1 && entries[0].ends_with(".csv")) {
    classes = read_class_file(entries[0]);
  } else {
    for (const auto& entry : entries) {
      classes.push_back(
          parse_entry(entry, static_cast<int64_t>(classes.size())));
    }
  }
  check_classes(classes);
  return classes;
}

std::vector<MaskClass> classes_of_values(const std::vector<int64_t>& values) {
  std::vector<MaskClass> classes;
  for (const int64_t value : values) {
    classes.push_back(
        {value,
         std::to_string(value),
         default_color(static_cast<int64_t>(classes.size()))});
  }
  check_classes(classes);
  return classes;
}

raster::Image class_picture(
    const std::vector<uint8_t>& indices,
    int64_t height,
    int64_t width,
    const std::vector<MaskClass>& classes) {
  NADIR_ASSERT(static_cast<int64_t>(indices.size()) == height * width);
  raster::Image picture(3, height, width, raster::PixelType::kUint8);
  for (int64_t c = 0; c < 3; ++c) {
    auto out = picture.band<uint8_t>(c);
    for (size_t i = 0; i < indices.size(); ++i) {
      out[i] = indices[i] < classes.size() ? classes[indices[i]].color[c] : 255;
    }
  }
  return picture;
}

}  // namespace nadir::eval
