// Trying again: what may pass, how long to wait, when to give up.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace nadir::aws {

struct RetryPolicy {
  int max_attempts = 5;
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds longest_wait{20'000};
};

// How long to wait before try `attempt` + 1 (attempt = 1 after the first):
// a random time up to first_wait * 2^(attempt-1), at most longest_wait ("full
// jitter"); at least `asked_for`, what the server asked for, but at most
// longest_wait too.
[[nodiscard]] std::chrono::milliseconds retry_wait(
    const RetryPolicy& policy,
    int attempt,
    std::chrono::milliseconds asked_for = std::chrono::milliseconds(0));

// Waits; ends early with Error{kIo} when this process catches a signal
// meanwhile.
void wait_for_retry(std::chrono::milliseconds wait);

// Whether an answer says "later": 429, 5xx but 501, and the codes that services
// give for throttling.
[[nodiscard]] bool is_worth_retrying(long status, const std::string& code);

}  // namespace nadir::aws
