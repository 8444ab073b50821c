#include "core/environment.h"

#include <charconv>
#include <cstdlib>

#include "core/error.h"

namespace nadir {

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return std::nullopt;
    }
    return value;
  };
}

std::optional<int64_t> number_of(
    const Environment& environment, const std::string& name, int64_t least) {
  const auto text = environment(name);
  if (!text) {
    return std::nullopt;
  }
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  NADIR_CHECK(
      read.ec == std::errc() && read.ptr == end && value >= least,
      "the environment says {}={}, expected a whole number >= {}",
      name,
      *text,
      least);
  return value;
}

int64_t required_number(
    const Environment& environment,
    const std::string& name,
    const std::string& because) {
  const auto value = number_of(environment, name);
  NADIR_CHECK(
      value,
      "the environment has {} but not {}; an engine sets both",
      because,
      name);
  return *value;
}

void check_same(
    const Environment& environment,
    const std::string& name,
    const std::string& other_name) {
  const auto value = environment(name);
  const auto other = environment(other_name);
  NADIR_CHECK(
      !value || !other || *value == *other,
      "the environment contradicts itself: {}={} but {}={}; unset one",
      name,
      *value,
      other_name,
      *other);
}

}  // namespace nadir
