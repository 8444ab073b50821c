#include "data/patch_metadata.h"

#include <bit>
#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "data/patch_name.h"

namespace nadir::data {
namespace {

static_assert(std::endian::native == std::endian::little);

using nlohmann::json;

json parse_object(std::string_view text) {
  json object = parse_json_or_discard(text);
  if (object.is_discarded() || !object.is_object()) {
    fail(ErrorCode::kCorruptData, "its JSON cannot be parsed");
  }
  return object;
}

const json& value_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) {
    fail(ErrorCode::kCorruptData, "its JSON has no key '{}'", key);
  }
  return *found;
}

std::string text_of(const json& object, const char* key) {
  const json& value = value_of(object, key);
  if (!value.is_string()) {
    fail(ErrorCode::kCorruptData, "its JSON's '{}' is no text", key);
  }
  return value.get<std::string>();
}

double number_of(const json& object, const char* key) {
  const json& value = value_of(object, key);
  if (!value.is_number()) {
    fail(ErrorCode::kCorruptData, "its JSON's '{}' is no number", key);
  }
  return value.get<double>();
}

std::vector<std::string> labels_of(const json& object) {
  const json& list = value_of(object, "labels");
  if (!list.is_array() || list.empty()) {
    fail(ErrorCode::kCorruptData, "its JSON's 'labels' names no label");
  }
  std::vector<std::string> labels;
  for (const auto& label : list) {
    if (!label.is_string()) {
      fail(ErrorCode::kCorruptData, "its JSON's 'labels' holds no texts");
    }
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

PatchBox box_of_json(const json& object) {
  const json& corners = value_of(object, "coordinates");
  if (!corners.is_object()) {
    fail(ErrorCode::kCorruptData, "its JSON's 'coordinates' is no object");
  }
  const bool is_misprinted =
      !corners.contains("lry") && corners.contains("lly");
  PatchBox box;
  box.projection = text_of(object, "projection");
  box.ulx = number_of(corners, "ulx");
  box.uly = number_of(corners, "uly");
  box.lrx = number_of(corners, "lrx");
  box.lry = number_of(corners, is_misprinted ? "lly" : "lry");
  return box;
}

}  // namespace

std::vector<std::string> parse_patch_labels(std::string_view text) {
  return labels_of(parse_object(text));
}

PatchMetadata parse_patch_metadata(std::string_view text) {
  const json object = parse_object(text);
  PatchMetadata metadata;
  metadata.labels = labels_of(object);
  metadata.tile_source = text_of(object, "tile_source");
  metadata.acquisition_date = normal_date(text_of(object, "acquisition_date"));
  metadata.box = box_of_json(object);
  return metadata;
}

std::string normal_date(const std::string& date) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char separator = ' ';
  const int num_read = std::sscanf(
      date.c_str(),
      "%4d-%2d-%2d%c%2d:%2d:%2d",
      &year,
      &month,
      &day,
      &separator,
      &hour,
      &minute,
      &second);
  const bool is_date = num_read == 3 || num_read == 7;
  if (!is_date || (separator != ' ' && separator != 'T') || month < 1 ||
      month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 59) {
    fail(
        ErrorCode::kCorruptData,
        "its acquisition date '{}' is not as 2017-06-13 10:10:31",
        date);
  }
  return fmt::format(
      "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
      year,
      month,
      day,
      hour,
      minute,
      second);
}

std::string date_of_patch_name(const std::string& name) {
  const size_t begin = name.find("MSIL2A_") + 7;
  const std::string time = name.substr(begin, 15);  // 20170613T101031
  const auto part = [&](size_t from, size_t size) {
    return time.substr(from, size);
  };
  return normal_date(fmt::format(
      "{}-{}-{} {}:{}:{}",
      part(0, 4),
      part(4, 2),
      part(6, 2),
      part(9, 2),
      part(11, 2),
      part(13, 2)));
}

const std::string& season_of(const std::string& date) {
  static const std::array<std::string, 4> seasons = {
      "Winter", "Spring", "Summer", "Fall"};
  const int month = std::stoi(date.substr(5, 2));
  return seasons.at(static_cast<size_t>(month % 12 / 3));
}

PatchBox box_of(const raster::RasterInfo& info) {
  const auto& t = info.georeference.transform;
  const auto width = static_cast<double>(info.width);
  const auto height = static_cast<double>(info.height);
  return {
      info.georeference.crs,
      t[0],
      t[3],
      t[0] + width * t[1],
      t[3] + height * t[5]};
}

Ring ring_of(const PatchBox& box, raster::TransformerCache& transformers) {
  Ring ring;
  ring.x = {box.lrx, box.lrx, box.ulx, box.ulx, box.lrx};
  ring.y = {box.lry, box.uly, box.uly, box.lry, box.lry};
  const auto& transformer = transformers.from(box.projection);
  if (!transformer.transform(ring.x, ring.y)) {
    fail(
        ErrorCode::kCorruptData,
        "its corners ({}, {}) to ({}, {}) lie outside its projection",
        box.ulx,
        box.uly,
        box.lrx,
        box.lry);
  }
  return ring;
}

std::string ring_wkb(const Ring& ring) {
  std::string wkb("\x01\x03\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00", 13);
  for (size_t i = 0; i < ring.x.size(); ++i) {
    const std::array<double, 2> point = {ring.x[i], ring.y[i]};
    char bytes[sizeof(point)];
    std::memcpy(bytes, point.data(), sizeof(point));
    wkb.append(bytes, sizeof(point));
  }
  return wkb;
}

std::array<double, 2> ring_center(const Ring& ring) {
  std::array<double, 2> center{};
  for (size_t i = 0; i < 4; ++i) {
    center[0] += ring.x[i] / 4;
    center[1] += ring.y[i] / 4;
  }
  return center;
}

}  // namespace nadir::data
