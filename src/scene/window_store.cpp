#include "scene/window_store.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::scene {
namespace {

namespace fs = std::filesystem;

constexpr char kProgressFile[] = "progress.json";
constexpr char kStatesFile[] = "windows.u8";
constexpr char kCellsFile[] = "cells.u8";

std::string field_file(const WindowField& field) {
  return field.name + ".f32";
}

int64_t read_progress(const fs::path& folder) {
  const auto file = folder / kProgressFile;
  if (!fs::exists(file)) {
    return 0;
  }
  const auto json = parse_json_or_discard(read_file(file));
  const bool is_good = json.is_object() && json.contains("done") &&
                       json["done"].is_number_integer();
  if (!is_good) {
    fail(
        ErrorCode::kCorruptData,
        "{} is damaged; remove {} to begin anew",
        file.string(),
        folder.string());
  }
  return json["done"].get<int64_t>();
}

void append_bytes(std::ofstream& file, const void* bytes, size_t num_bytes) {
  file.write(
      static_cast<const char*>(bytes), static_cast<std::streamsize>(num_bytes));
}

}  // namespace

WindowWriter::WindowWriter(
    fs::path folder,
    const WindowPlan& plan,
    const WindowRange& range,
    std::vector<WindowField> fields)
    : folder_(std::move(folder)),
      plan_(plan),
      range_(range),
      fields_(std::move(fields)) {
  make_folder(folder_);
  num_done_ = read_progress(folder_);
  const auto files = paths();
  const auto sizes = sizes_at(num_done_);
  for (size_t i = 0; i < files.size() && num_done_ > 0; ++i) {
    std::error_code error;
    const auto size = static_cast<int64_t>(fs::file_size(files[i], error));
    if (error || size < sizes[i] || num_done_ > range_.size()) {
      fail(
          ErrorCode::kCorruptData,
          "{} does not hold the {} windows that {} says; remove {} to begin "
          "anew",
          files[i].string(),
          num_done_,
          kProgressFile,
          folder_.string());
    }
    fs::resize_file(files[i], static_cast<uintmax_t>(sizes[i]));
  }
  open_files();
}

std::vector<fs::path> WindowWriter::paths() const {
  std::vector<fs::path> files = {folder_ / kStatesFile, folder_ / kCellsFile};
  for (const auto& field : fields_) {
    files.push_back(folder_ / field_file(field));
  }
  return files;
}

std::vector<int64_t> WindowWriter::sizes_at(int64_t num_done) const {
  std::vector<int64_t> sizes = {
      num_done,
      plan_.first_own_cell(range_.begin + num_done) -
          plan_.first_own_cell(range_.begin)};
  for (const auto& field : fields_) {
    sizes.push_back(
        num_done * field.size() * static_cast<int64_t>(sizeof(float)));
  }
  return sizes;
}

void WindowWriter::open_files() {
  const auto mode =
      std::ios::binary | (num_done_ > 0 ? std::ios::app : std::ios::trunc);
  for (const auto& path : paths()) {
    files_.emplace_back(path, std::ios::out | mode);
    if (!files_.back()) {
      fail(ErrorCode::kIo, "cannot write {}", path.string());
    }
  }
}

void WindowWriter::append(const WindowBatch& batch) {
  const auto count = static_cast<int64_t>(batch.states.size());
  const int64_t first = range_.begin + num_done_;
  NADIR_ASSERT(
      num_done_ + count <= range_.size() &&
      batch.fields.size() == fields_.size() &&
      static_cast<int64_t>(batch.own_cells.size()) ==
          plan_.first_own_cell(first + count) - plan_.first_own_cell(first));
  append_bytes(files_[0], batch.states.data(), batch.states.size());
  append_bytes(files_[1], batch.own_cells.data(), batch.own_cells.size());
  for (size_t f = 0; f < fields_.size(); ++f) {
    const auto& values = batch.fields[f];
    NADIR_ASSERT(
        static_cast<int64_t>(values.size()) == count * fields_[f].size());
    append_bytes(files_[2 + f], values.data(), values.size() * sizeof(float));
  }
  num_done_ += count;
}

void WindowWriter::save() {
  const auto files = paths();
  for (size_t i = 0; i < files_.size(); ++i) {
    files_[i].flush();
    if (!files_[i]) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          files[i].string(),
          std::strerror(errno));
    }
    sync_to_disk(files[i]);
  }
  write_file(
      folder_ / kProgressFile,
      json_text(nlohmann::json{{"done", num_done_}}) + "\n");
}

WindowReader::WindowReader(
    const WindowPlan& plan,
    std::vector<WindowField> fields,
    std::vector<Source> sources)
    : plan_(plan), fields_(std::move(fields)), sources_(std::move(sources)) {
  int64_t next = 0;
  for (const auto& source : sources_) {
    if (source.range.begin != next ||
        read_progress(source.folder) < source.range.size()) {
      fail(
          ErrorCode::kCorruptData,
          "{} does not hold windows {} to {} of {}; remove it and make it "
          "again",
          source.folder.string(),
          next,
          source.range.end,
          plan_.num_windows());
    }
    next = source.range.end;
  }
  NADIR_ASSERT(next == plan_.num_windows());
}

size_t WindowReader::field(const std::string& name) const {
  const auto found = std::find_if(
      fields_.begin(), fields_.end(), [&](const WindowField& field) {
        return field.name == name;
      });
  NADIR_ASSERT(found != fields_.end());
  return static_cast<size_t>(found - fields_.begin());
}

template <class Offset>
std::string WindowReader::read(
    const std::string& name,
    const WindowRange& windows,
    const Offset& offset) const {
  std::string bytes(
      static_cast<size_t>(offset(windows.end) - offset(windows.begin)), '\0');
  for (const auto& source : sources_) {
    const int64_t begin = std::max(windows.begin, source.range.begin);
    const int64_t end = std::min(windows.end, source.range.end);
    if (begin >= end) {
      continue;
    }
    const auto path = source.folder / name;
    std::ifstream file(path, std::ios::binary);
    file.seekg(offset(begin) - offset(source.range.begin));
    file.read(
        bytes.data() + (offset(begin) - offset(windows.begin)),
        offset(end) - offset(begin));
    if (!file) {
      fail(
          ErrorCode::kCorruptData,
          "{} is cut short; remove {} and make it again",
          path.string(),
          source.folder.string());
    }
  }
  return bytes;
}

std::vector<float> WindowReader::values(
    size_t field, const WindowRange& windows) const {
  const auto& kind = fields_[field];
  const auto bytes = read(field_file(kind), windows, [&](int64_t window) {
    return window * kind.size() * static_cast<int64_t>(sizeof(float));
  });
  std::vector<float> values(static_cast<size_t>(windows.size() * kind.size()));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::vector<uint8_t> WindowReader::states(const WindowRange& windows) const {
  const auto bytes =
      read(kStatesFile, windows, [](int64_t window) { return window; });
  return {bytes.begin(), bytes.end()};
}

std::vector<uint8_t> WindowReader::own_cells(int64_t window_row) const {
  const int64_t num_cols = plan_.cols.num_windows();
  const int64_t first = window_row * num_cols;
  const auto bytes =
      read(kCellsFile, {first, first + num_cols}, [&](int64_t window) {
        return plan_.first_own_cell(window);
      });
  const int64_t across = plan_.cols.num_cells();
  const int64_t num_rows = plan_.rows.first_own_cell(window_row + 1) -
                           plan_.rows.first_own_cell(window_row);
  std::vector<uint8_t> cells(static_cast<size_t>(num_rows * across));
  const char* next = bytes.data();
  for (int64_t col = 0; col < num_cols; ++col) {
    const int64_t begin = plan_.cols.first_own_cell(col);
    const int64_t count = plan_.cols.first_own_cell(col + 1) - begin;
    for (int64_t row = 0; row < num_rows; ++row, next += count) {
      std::memcpy(
          cells.data() + row * across + begin,
          next,
          static_cast<size_t>(count));
    }
  }
  return cells;
}

}  // namespace nadir::scene
