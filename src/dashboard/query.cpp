#include "dashboard/query.h"

#include <charconv>
#include <cmath>

#include "core/error.h"

namespace nadir::dashboard {
namespace {

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') {
    return letter - '0';
  }
  const char lower = static_cast<char>(letter | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string form_decoded(std::string_view text) {
  std::string blanks(text);
  for (char& letter : blanks) {
    letter = letter == '+' ? ' ' : letter;
  }
  return percent_decoded(blanks);
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high =
        text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(16 * high + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const size_t equals = std::min(pair.find('='), pair.size());
    if (equals > 0) {
      values_.emplace_back(
          form_decoded(pair.substr(0, equals)),
          form_decoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
  }
}

std::optional<std::string> Query::get(const std::string& key) const {
  for (const auto& [name, value] : values_) {
    if (name == key) {
      return value;
    }
  }
  return std::nullopt;
}

std::string Query::text(const std::string& key) const {
  return get(key).value_or("");
}

std::vector<std::string> Query::all(const std::string& key) const {
  std::vector<std::string> found;
  for (const auto& [name, value] : values_) {
    if (name == key) {
      found.push_back(value);
    }
  }
  return found;
}

int64_t Query::integer(
    const std::string& key,
    int64_t otherwise,
    int64_t low,
    int64_t high) const {
  const auto value = get(key);
  return value ? whole_number(*value, key, low, high) : otherwise;
}

double Query::number(const std::string& key, double otherwise) const {
  const auto value = get(key);
  if (!value) {
    return otherwise;
  }
  double number = 0;
  const char* const end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  NADIR_CHECK(
      error == std::errc() && stop == end && std::isfinite(number),
      "{} must be a number, got '{}'",
      key,
      *value);
  return number;
}

int64_t whole_number(
    const std::string& text,
    const std::string& what,
    int64_t low,
    int64_t high) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  NADIR_CHECK(
      error == std::errc() && stop == end && number >= low && number <= high,
      "{} must be a whole number from {} to {}, got '{}'",
      what,
      low,
      high,
      text);
  return number;
}

}  // namespace nadir::dashboard
