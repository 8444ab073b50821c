// What follows the '?' of an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nadir::dashboard {

// "a%20b" to "a b"; a '%' that no two digits follow stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

class Query {
 public:
  // "key=value&key=value", percent-encoded, '+' for a blank.
  explicit Query(std::string_view text);

  // The first value of a key.
  [[nodiscard]] std::optional<std::string> get(const std::string& key) const;

  // The same, or "".
  [[nodiscard]] std::string text(const std::string& key) const;

  // All values of a key in their order.
  [[nodiscard]] std::vector<std::string> all(const std::string& key) const;

  // Throws Error{kInvalidArgument} naming the key where the value is no whole
  // number from `low` to `high`.
  [[nodiscard]] int64_t integer(
      const std::string& key,
      int64_t otherwise,
      int64_t low,
      int64_t high) const;

  // Throws Error{kInvalidArgument} where the value is no finite number.
  [[nodiscard]] double number(const std::string& key, double otherwise) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// The whole number that `text` is. Throws Error{kInvalidArgument} saying `what`
// it must be where it is none, or not from `low` to `high`.
[[nodiscard]] int64_t whole_number(
    const std::string& text,
    const std::string& what,
    int64_t low,
    int64_t high);

}  // namespace nadir::dashboard
