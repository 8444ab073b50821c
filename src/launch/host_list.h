// Slurm's compressed lists of hosts and of tasks a host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::launch {

// The hosts of "n[1-3,07],m05", in its order and with its zeros kept; several
// brackets multiply, the last fastest: "r[1-2]n[1-2]". The same as `scontrol
// show hostnames`. Throws Error{kInvalidArgument} naming the list.
[[nodiscard]] std::vector<std::string> expand_host_list(
    const std::string& list);

// The counts of "2(x3),1": 2, 2, 2, 1. Throws as expand_host_list().
[[nodiscard]] std::vector<int64_t> expand_task_counts(const std::string& list);

}  // namespace nadir::launch
