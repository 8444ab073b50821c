// The patches that cannot be used, each with its reason, up to a stated
// number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::data {

struct BadPatch {
  std::string name;
  std::string problem;
};

// Not thread-safe.
class BadPatches {
 public:
  // `max_bad` is what the user tolerates (`--max-bad`).
  explicit BadPatches(int64_t max_bad) : max_bad_(max_bad) {}

  void add(const std::string& name, const std::string& problem);

  // Throws Error{kCorruptData} that lists the first patches and how to go on
  // if there are more than are tolerated.
  void check() const;

  [[nodiscard]] const std::vector<BadPatch>& list() const { return list_; }

 private:
  int64_t max_bad_;
  std::vector<BadPatch> list_;
};

}  // namespace nadir::data
