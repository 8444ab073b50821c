#include "launch/host_list.h"

#include <charconv>
#include <string_view>

#include "core/error.h"

namespace nadir::launch {
namespace {

constexpr int64_t kMostHosts = 100'000;  // a typing error, not a cluster

[[noreturn]] void refuse(const std::string& list, const char* rule) {
  fail(ErrorCode::kInvalidArgument, "list of hosts '{}': {}", list, rule);
}

int64_t whole_number(std::string_view text, const std::string& list) {
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    refuse(list, "expected a whole number in brackets");
  }
  return value;
}

// Splits at commas that are not in brackets.
std::vector<std::string_view> split_outside_brackets(const std::string& list) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i == list.size() || (list[i] == ',' && depth == 0)) {
      if (i == begin) {
        refuse(list, "a host is empty");
      }
      parts.push_back(std::string_view(list).substr(begin, i - begin));
      begin = i + 1;
    } else if (list[i] == '[') {
      ++depth;
    } else if (list[i] == ']') {
      --depth;
    }
    if (depth < 0 || depth > 1) {
      refuse(list, "brackets do not match");
    }
  }
  if (depth != 0) {
    refuse(list, "brackets do not match");
  }
  return parts;
}

// "1-3,07" as the texts 1, 2, 3, 07: a range keeps its first number's width.
std::vector<std::string> expand_ranges(
    std::string_view ranges, const std::string& list) {
  std::vector<std::string> numbers;
  while (!ranges.empty()) {
    const size_t comma = ranges.find(',');
    const std::string_view range = ranges.substr(0, comma);
    ranges.remove_prefix(
        comma == std::string_view::npos ? ranges.size() : comma + 1);
    const size_t dash = range.find('-');
    const std::string_view low = range.substr(0, dash);
    const int64_t first = whole_number(low, list);
    const int64_t last = dash == std::string_view::npos
                             ? first
                             : whole_number(range.substr(dash + 1), list);
    if (last < first || last - first >= kMostHosts) {
      refuse(list, "a range must rise, and by less than 100,000");
    }
    for (int64_t number = first; number <= last; ++number) {
      numbers.push_back(fmt::format("{:0{}}", number, low.size()));
    }
  }
  if (numbers.empty()) {
    refuse(list, "brackets are empty");
  }
  return numbers;
}

}  // namespace

std::vector<std::string> expand_host_list(const std::string& list) {
  std::vector<std::string> hosts;
  for (std::string_view part : split_outside_brackets(list)) {
    std::vector<std::string> names = {""};
    while (!part.empty()) {
      const size_t open = part.find('[');
      for (std::string& name : names) {
        name += part.substr(0, open);
      }
      if (open == std::string_view::npos) {
        break;
      }
      const size_t close = part.find(']', open);
      std::vector<std::string> longer;
      const auto numbers =
          expand_ranges(part.substr(open + 1, close - open - 1), list);
      for (const std::string& name : names) {
        for (const std::string& number : numbers) {
          longer.push_back(name + number);
        }
      }
      if (static_cast<int64_t>(hosts.size() + longer.size()) > kMostHosts) {
        refuse(list, "it has more than 100,000 hosts");
      }
      names = std::move(longer);
      part.remove_prefix(close + 1);
    }
    hosts.insert(hosts.end(), names.begin(), names.end());
  }
  return hosts;
}

std::vector<int64_t> expand_task_counts(const std::string& list) {
  std::vector<int64_t> counts;
  for (const std::string_view part : split_outside_brackets(list)) {
    const size_t open = part.find("(x");
    int64_t times = 1;
    if (open != std::string_view::npos) {
      if (part.back() != ')') {
        refuse(list, "expected N or N(xTIMES)");
      }
      times = whole_number(part.substr(open + 2, part.size() - open - 3), list);
    }
    if (times < 1 || times > kMostHosts) {
      refuse(list, "expected N or N(xTIMES)");
    }
    counts.insert(
        counts.end(),
        static_cast<size_t>(times),
        whole_number(part.substr(0, open), list));
  }
  return counts;
}

}  // namespace nadir::launch
