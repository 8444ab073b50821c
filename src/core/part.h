// One of n parts of a work that processes share without talking to each other:
// `--part 2/4`. Which things are a part's follows from its two numbers alone.
#pragma once

#include <cstdint>
#include <string>

namespace nadir {

struct Part {
  int64_t number = 1;  // from 1
  int64_t count = 1;

  [[nodiscard]] bool is_whole() const { return count == 1; }

  // Its share of n things in a row: begin(n) .. end(n) - 1.
  [[nodiscard]] int64_t begin(int64_t n) const {
    return n * (number - 1) / count;
  }

  [[nodiscard]] int64_t end(int64_t n) const { return n * number / count; }

  // Whether it gets the thing at `place` (from 0) where things whose number is
  // not known beforehand are dealt out one by one.
  [[nodiscard]] bool is_dealt(int64_t place) const {
    return place % count == number - 1;
  }

  // "2/4".
  [[nodiscard]] std::string text() const;

  bool operator==(const Part&) const = default;
};

// Parts are numbered with five digits in the names of files.
inline constexpr int64_t kMaxParts = 99'999;

// Reads "2/4". Throws Error{kInvalidArgument} where it is anything else, or
// the number does not lie between 1 and the count.
[[nodiscard]] Part parse_part(const std::string& text);

}  // namespace nadir
