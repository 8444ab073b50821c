// Which part of a work this process is to do, as the engine that started it
// says.
#pragma once

#include <optional>
#include <string>

#include "core/environment.h"
#include "core/part.h"

namespace nadir::launch {

struct EnvironmentPart {
  Part part;
  std::string engine;      // for messages: "torchrun", "Slurm array" ...
  int64_t local_size = 1;  // processes that share this host
  bool is_rank = false;    // one of a group, not a task of an array
};

// Rank + 1 of the number of processes where read_rank_environment() finds
// several; else the task's place in a Slurm job array; else nothing. Throws
// Error{kInvalidArgument} as read_rank_environment() does, and for an array
// whose numbers have gaps.
[[nodiscard]] std::optional<EnvironmentPart> read_part_environment(
    const Environment& environment);

}  // namespace nadir::launch
