// Names of hosts that come to be known some time after a job's start.
#pragma once

#include <chrono>
#include <string>

namespace nadir::launch {

// Returns once `host` resolves to an address, or a signal was caught. New
// pods and containers start before their names are known to all. Throws
// Error{kDistributed} naming the host where it does not within `timeout`.
void wait_for_host_name(
    const std::string& host, std::chrono::milliseconds timeout);

}  // namespace nadir::launch
