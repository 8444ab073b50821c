// What the network says of each window, kept on disk until it becomes maps: so
// that a run that was ended goes on, processes share a scene, and memory does
// not grow with it. Raw arrays in a folder; docs/formats/map.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "scene/window_plan.h"

namespace nadir::scene {

// Numbers of one kind that each window has: num_values of them for each of
// num_parts x num_parts equal parts of the window.
struct WindowField {
  std::string name;  // of the file, "probabilities"
  int64_t num_values = 1;
  int64_t num_parts = 1;

  [[nodiscard]] int64_t size() const {
    return num_values * num_parts * num_parts;
  }

  bool operator==(const WindowField&) const = default;
};

// Windows begin .. end - 1 of a plan.
struct WindowRange {
  int64_t begin = 0;
  int64_t end = 0;

  [[nodiscard]] int64_t size() const { return end - begin; }
};

enum class WindowState : uint8_t {  // persistent: do not renumber
  kSkipped = 0,                     // too few valid pixels
  kGiven = 1,
  kNotFinite = 2  // the network gave infinities or NaN
};

// What is appended for consecutive windows.
struct WindowBatch {
  std::vector<uint8_t> states;             // WindowState, one a window
  std::vector<std::vector<float>> fields;  // [windows, size()] each
  std::vector<uint8_t> own_cells;          // 1 where a cell has a valid pixel
};

// Appends the windows of a range in their order. Not thread-safe.
class WindowWriter {
 public:
  // Goes on where `folder` holds windows of an earlier call. Throws Error{kIo},
  // and Error{kCorruptData} where its files are not what its progress says.
  WindowWriter(
      std::filesystem::path folder,
      const WindowPlan& plan,
      const WindowRange& range,
      std::vector<WindowField> fields);

  // Windows of the range that are there.
  [[nodiscard]] int64_t num_done() const { return num_done_; }

  // Throws Error{kIo}.
  void append(const WindowBatch& batch);

  // From here a later call goes on. Throws Error{kIo}.
  void save();

 private:
  [[nodiscard]] std::vector<std::filesystem::path> paths() const;
  [[nodiscard]] std::vector<int64_t> sizes_at(int64_t num_done) const;
  void open_files();

  std::filesystem::path folder_;
  WindowPlan plan_;
  WindowRange range_;
  std::vector<WindowField> fields_;
  std::vector<std::ofstream> files_;
  int64_t num_done_ = 0;
};

// The windows of a scene from the folders of all parts, in order.
class WindowReader {
 public:
  struct Source {
    std::filesystem::path folder;
    WindowRange range;
  };

  // Throws Error{kCorruptData} where a file is not as long as its range says,
  // or the ranges are not all windows.
  WindowReader(
      const WindowPlan& plan,
      std::vector<WindowField> fields,
      std::vector<Source> sources);

  [[nodiscard]] const std::vector<WindowField>& fields() const {
    return fields_;
  }

  [[nodiscard]] const WindowPlan& plan() const { return plan_; }

  // The place of a field in fields().
  [[nodiscard]] size_t field(const std::string& name) const;

  // [windows, size()] of a field.
  [[nodiscard]] std::vector<float> values(
      size_t field, const WindowRange& windows) const;

  [[nodiscard]] std::vector<uint8_t> states(const WindowRange& windows) const;

  // The own cells of a row of windows, [rows of cells, cells across].
  [[nodiscard]] std::vector<uint8_t> own_cells(int64_t window_row) const;

 private:
  // Bytes of the windows from the file `name`, where a window's bytes begin at
  // offset(window).
  template <class Offset>
  [[nodiscard]] std::string read(
      const std::string& name,
      const WindowRange& windows,
      const Offset& offset) const;

  WindowPlan plan_;
  std::vector<WindowField> fields_;
  std::vector<Source> sources_;
};

}  // namespace nadir::scene
