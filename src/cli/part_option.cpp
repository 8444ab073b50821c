#include "cli/part_option.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/config.h"
#include "core/log.h"
#include "core/parallel.h"
#include "launch/part_environment.h"

namespace nadir::cli {
namespace {

std::string missing_text(const std::vector<int64_t>& missing) {
  if (missing.empty()) {
    return "all parts are merged";
  }
  std::vector<std::string> numbers;
  for (const int64_t number : missing) {
    numbers.push_back(std::to_string(number));
  }
  return "still missing: " + join(numbers, ", ");
}

}  // namespace

ChosenPart choose_part(const std::string& text, int64_t& num_threads) {
  if (!text.empty()) {
    return {parse_part(text)};
  }
  const auto found = launch::read_part_environment(process_environment());
  if (!found) {
    return {};
  }
  log_info(
      "data",
      "{}: part {}; --part 1/1 does the whole",
      found->engine,
      found->part.text());
  if (found->is_rank && found->part.number > 1) {
    set_log_level(LogLevel::kWarning);  // the first one speaks for all
  }
  if (found->local_size > 1 && num_threads == 0) {
    num_threads = std::max<int64_t>(1, available_threads() / found->local_size);
  }
  return {found->part, true, found->local_size};
}

void report_part(
    const ChosenPart& chosen,
    const std::string& out,
    bool was_complete,
    const std::vector<int64_t>& missing,
    bool as_json) {
  const auto& part = chosen.part;
  const char* done = was_complete ? "was there" : "is made";
  if (chosen.is_of_engine) {
    log_info(
        "data",
        "{}: part {} {}; {}",
        out,
        part.text(),
        done,
        missing_text(missing));
  } else if (as_json) {
    print_json(
        {{"output", out},
         {"part", part.text()},
         {"was_complete", was_complete},
         {"merged", missing.empty()},
         {"missing", missing}});
  } else {
    fmt::print(
        "{}: part {} {}; {}\n", out, part.text(), done, missing_text(missing));
  }
}

}  // namespace nadir::cli
