// `--part i/n` of the commands that several processes do in parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/part.h"

namespace nadir::cli {

inline constexpr char kPartHelp[] =
    "The part that this process does, as in 2/4; the last one merges. Default: "
    "by the engine's environment, else the whole (1/1).";

struct ChosenPart {
  Part part;
  bool is_of_engine = false;
  int64_t local_size = 1;  // processes that share this host
};

// The part that `text` names; where it is empty, the one that the engine's
// environment says, which is logged. Of several processes on one host, parts
// but the first only warn from now on, and `num_threads` of 0 becomes this
// one's share.
[[nodiscard]] ChosenPart choose_part(
    const std::string& text, int64_t& num_threads);

// Says how it stands with `out` after a part that did not merge: on standard
// output where the user asked for the part, else as a log line.
void report_part(
    const ChosenPart& chosen,
    const std::string& out,
    bool was_complete,
    const std::vector<int64_t>& missing,
    bool as_json);

}  // namespace nadir::cli
