// TensorBoard event files: TFRecord frames (length and data, each with a
// masked CRC-32C) around hand-encoded `Event` protocol buffers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace nadir::runs {

// Writes one event file of its own, named so that TensorBoard reads the files
// of a folder in the order in which they were begun. Not thread-safe.
class EventWriter {
 public:
  // Begins a file in `folder`. With `resume_step`, the file first tells
  // TensorBoard to forget what earlier files say about later steps, so that a
  // resumed run shows one continuous curve. Throws Error{kIo}.
  explicit EventWriter(
      const std::filesystem::path& folder,
      std::optional<int64_t> resume_step = std::nullopt);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // Adds values of one step; they reach the file before it returns. TensorBoard
  // keeps 32-bit floats. Throws Error{kIo}.
  void write_scalars(
      int64_t step, const std::vector<std::pair<std::string, double>>& values);

  // The same for a record of metrics.jsonl: its numbers under the tags of
  // event_tag(), its "step" as step. Records without step or numbers are left
  // out; null is NaN.
  void write_record(const nlohmann::ordered_json& record);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void write_event(const std::string& event);

  std::filesystem::path path_;
  int fd_ = -1;
};

// The tag of a metric, grouped as TensorBoard shows it: "loss" is "train/loss",
// "knn_top1" is "eval/knn_top1", "lr" is "schedule/lr", "images_per_s" is
// "speed/images_per_s". "" for keys that are no curve.
[[nodiscard]] std::string event_tag(const std::string& key);

}  // namespace nadir::runs
