#include "bench/cases.h"

#include <algorithm>
#include <iterator>

#include "core/config.h"
#include "core/error.h"

namespace nadir::bench {

std::vector<Case> cases(bool is_gpu) {
  auto joined = training_cases(is_gpu);
  const auto add = [&](std::vector<Case> group) {
    std::move(group.begin(), group.end(), std::back_inserter(joined));
  };
  add(embedding_cases(is_gpu));
  if (!is_gpu) {
    add(data_cases());
    add(evaluation_cases());
    joined.push_back(start_case());
  }
  return joined;
}

std::vector<Case> choose_cases(
    const std::vector<std::string>& names, bool is_gpu) {
  std::vector<std::string> known;
  std::vector<Case> chosen;
  for (const auto& one : cases(is_gpu)) {
    known.push_back(one.name);
    if (names.empty() ||
        std::find(names.begin(), names.end(), one.name) != names.end()) {
      chosen.push_back(one);
    }
  }
  for (const auto& name : names) {
    NADIR_CHECK(
        std::find(known.begin(), known.end(), name) != known.end(),
        "--only must name paths among {}{}, got '{}'{}",
        join(known, ", "),
        is_gpu ? ", which are those that a GPU computes" : "",
        name,
        did_you_mean(name, known));
  }
  return chosen;
}

}  // namespace nadir::bench
