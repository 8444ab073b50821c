#include "bench/cases.h"

#include <algorithm>

#include "core/config.h"
#include "core/error.h"

namespace nadir::bench {

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> joined;
    for (auto group :
         {training_cases, embedding_cases, data_cases, evaluation_cases}) {
      for (auto& one : group()) {
        joined.push_back(std::move(one));
      }
    }
    joined.push_back(start_case());
    return joined;
  }();
  return all;
}

std::vector<Case> choose_cases(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  std::vector<Case> chosen;
  for (const auto& one : cases()) {
    known.push_back(one.name);
    if (names.empty() ||
        std::find(names.begin(), names.end(), one.name) != names.end()) {
      chosen.push_back(one);
    }
  }
  for (const auto& name : names) {
    NADIR_CHECK(
        std::find(known.begin(), known.end(), name) != known.end(),
        "--only must name paths among {}, got '{}'{}",
        join(known, ", "),
        name,
        did_you_mean(name, known));
  }
  return chosen;
}

}  // namespace nadir::bench
