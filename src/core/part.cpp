#include "core/part.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace nadir {
namespace {

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value)
                                                   : std::nullopt;
}

}  // namespace

std::string Part::text() const {
  return fmt::format("{}/{}", number, count);
}

Part parse_part(const std::string& text) {
  const size_t slash = text.find('/');
  std::optional<int64_t> number;
  std::optional<int64_t> count;
  if (slash != std::string::npos) {
    number = whole_number(std::string_view(text).substr(0, slash));
    count = whole_number(std::string_view(text).substr(slash + 1));
  }
  NADIR_CHECK(
      number && count,
      "--part is a number and how many there are, as in 2/4; got '{}'",
      text);
  NADIR_CHECK(
      *count >= 1 && *count <= kMaxParts && *number >= 1 && *number <= *count,
      "--part {}: parts are numbered from 1 to their count, which is at most "
      "{}",
      text,
      kMaxParts);
  return {*number, *count};
}

}  // namespace nadir
