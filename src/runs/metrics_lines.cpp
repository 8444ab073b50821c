#include "runs/metrics_lines.h"

#include <charconv>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace nadir::runs {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr double kNotFinite = std::numeric_limits<double>::infinity();

double number_or_absent(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number() ? found->get<double>()
                                                     : kAbsent;
}

std::string text_or_empty(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

// The number or null that `at` begins with, and where it ends; null where
// neither is there.
const char* read_value(const char* at, const char* end, double& value) {
  constexpr std::string_view kNull = "null";
  if (std::string_view(at, static_cast<size_t>(end - at)).starts_with(kNull)) {
    value = kNotFinite;
    return at + kNull.size();
  }
  const auto [stop, error] = std::from_chars(at, end, value);
  return error == std::errc() ? stop : nullptr;
}

}  // namespace

void MetricsPiece::add_lines(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const auto line = lines.substr(0, end);
    if (!line.empty()) {
      add_line(line);
    }
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

void MetricsPiece::add_line(std::string_view line) {
  guess_ = 0;
  if (add_numbers(line)) {
    ++num_rows;
    return;
  }
  // What the quick reader took of it before it gave up goes again.
  for (auto& column : columns) {
    column.resize(std::min(column.size(), static_cast<size_t>(num_rows)));
  }
  const auto record = parse_json_or_discard(line);
  if (record.is_object()) {
    add_record(record);
  } else {
    ++num_damaged;
  }
}

// {"key":1.5,"other":null}: true, and the numbers are set. Else false; some of
// them may be set.
bool MetricsPiece::add_numbers(std::string_view line) {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') {
    return false;
  }
  const char* at = line.data() + 1;
  const char* const end = line.data() + line.size() - 1;
  while (at < end) {
    if (*at != '"') {
      return false;
    }
    const char* const name = ++at;
    while (at < end && *at != '"' && *at != '\\') {
      ++at;
    }
    if (end - at < 3 || *at != '"' || at[1] != ':') {
      return false;
    }
    const std::string_view key(name, static_cast<size_t>(at - name));
    double value = 0;
    at = read_value(at + 2, end, value);
    if (at == nullptr || (at < end && *at != ',')) {
      return false;
    }
    at += at < end ? 1 : 0;
    set(key, value);
  }
  return true;
}

void MetricsPiece::add_record(const nlohmann::json& record) {
  const auto kind = record.find("event");
  if (kind != record.end() && kind->is_string()) {
    const double step = number_or_absent(record, "step");
    events.push_back(
        {step == step ? step : 0,
         kind->get<std::string>(),
         text_or_empty(record, "text")});
    return;
  }
  for (const auto& [key, value] : record.items()) {
    if (value.is_number() || value.is_null()) {
      set(key, value.is_null() ? kNotFinite : value.get<double>());
    }
  }
  ++num_rows;
}

void MetricsPiece::set(std::string_view key, double value) {
  if (guess_ >= keys.size() || keys[guess_] != key) {
    guess_ = static_cast<size_t>(
        std::find(keys.begin(), keys.end(), key) - keys.begin());
    if (guess_ == keys.size()) {
      keys.emplace_back(key);
      columns.emplace_back();
    }
  }
  auto& column = columns[guess_++];
  column.resize(static_cast<size_t>(num_rows), kAbsent);
  column.push_back(value);
}

void MetricsPiece::pad_columns() {
  for (auto& column : columns) {
    column.resize(static_cast<size_t>(num_rows), kAbsent);
  }
}

}  // namespace nadir::runs
