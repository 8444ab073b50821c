#include "aws/retry.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <thread>

#include "core/error.h"
#include "core/signals.h"

namespace nadir::aws {
namespace {

constexpr long kTooManyRequests = 429;
constexpr long kFirstServerError = 500;
constexpr long kNotImplemented = 501;
constexpr std::chrono::milliseconds kTick{50};

}  // namespace

std::chrono::milliseconds retry_wait(
    const RetryPolicy& policy,
    int attempt,
    std::chrono::milliseconds asked_for) {
  const int doublings = std::clamp(attempt - 1, 0, 20);
  const auto ceiling = std::min(
      policy.first_wait * (int64_t{1} << doublings), policy.longest_wait);
  // Waits need not repeat from run to run: that is what they are for.
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::uniform_int_distribution<int64_t> draw(0, ceiling.count());
  return std::min(
      std::max(std::chrono::milliseconds(draw(random)), asked_for),
      policy.longest_wait);
}

void wait_for_retry(std::chrono::milliseconds wait) {
  const int signal = caught_signal();
  const auto end = std::chrono::steady_clock::now() + wait;
  for (;;) {
    if (caught_signal() != signal) {
      fail(ErrorCode::kIo, "interrupted while waiting to try again");
    }
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) {
      return;
    }
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(left, kTick));
  }
}

bool is_worth_retrying(long status, const std::string& code) {
  static constexpr std::array kPassing{
      "Throttling",
      "ThrottlingException",
      "ThrottledException",
      "RequestThrottled",
      "RequestThrottledException",
      "TooManyRequestsException",
      "RequestLimitExceeded",
      "BandwidthLimitExceeded",
      "ProvisionedThroughputExceededException",
      "LimitExceededException",
      "SlowDown",
      "RequestTimeout",
      "RequestTimeoutException",
      "InternalError",
      "InternalFailure",
      "ServiceUnavailable",
      "ServiceUnavailableException",
      "BadDigest"};
  return status == kTooManyRequests ||
         (status >= kFirstServerError && status != kNotImplemented) ||
         std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end();
}

}  // namespace nadir::aws
