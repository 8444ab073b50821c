#include "runs/metrics_reader.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace nadir::runs {

MetricsReader::MetricsReader(std::filesystem::path path)
    : tail_(std::move(path)) {}

void MetricsReader::consume_line(
    std::string_view line, const Consumer& consume) {
  if (line.empty()) {
    return;
  }
  const auto record = parse_json_or_discard(line);
  if (!record.is_object()) {
    ++num_damaged_;
    return;
  }
  consume(record);
}

bool MetricsReader::read_new(const Consumer& consume) {
  bool is_same = true;
  tail_.read_new(
      [&](std::string_view lines) {
        while (!lines.empty()) {
          const size_t end = lines.find('\n');
          consume_line(lines.substr(0, end), consume);
          lines.remove_prefix(end + 1);
        }
      },
      [&] {
        is_same = false;
        num_damaged_ = 0;
      });
  return is_same;
}

int64_t read_metrics(
    const std::filesystem::path& path, const MetricsReader::Consumer& consume) {
  if (!std::filesystem::exists(path)) {
    fail(ErrorCode::kNotFound, "there is no metrics file {}", path.string());
  }
  MetricsReader reader(path);
  reader.read_new(consume);
  reader.consume_line(reader.unfinished(), consume);
  return reader.num_damaged();
}

}  // namespace nadir::runs
