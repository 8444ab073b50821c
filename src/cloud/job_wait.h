// Waiting for a job to end.
#pragma once

#include <chrono>
#include <functional>

#include "cloud/job_state.h"

namespace nadir::cloud {

struct WaitOptions {
  std::chrono::milliseconds poll{std::chrono::seconds(15)};
  // Called once for each transition, as it is seen, also for those before.
  std::function<void(const Transition&)> on_transition;
  // Called at every look, the last one after the end.
  std::function<void(const JobState&)> on_look;
};

// The job when it has ended; or as it is when this process catches a signal,
// which leaves the job running. Throws what `api` throws, and Error{kNotFound}
// where the job is gone.
[[nodiscard]] JobState wait_for_job(
    const Api& api,
    JobKind kind,
    const std::string& name,
    const WaitOptions& options);

// Throws Error{kIo} for a job that failed: its reason, and what to do. Nothing
// for any other.
void check_job_succeeded(const JobState& state);

// What to do about a failed job, from its FailureReason.
[[nodiscard]] std::string advice_on_failure(
    const std::string& failure_reason, const std::string& job);

// The error of a call that makes a job, with what to do where the job's own
// settings matter: quotas, names, roles. Rethrows anything else.
[[noreturn]] void rethrow_with_advice();

}  // namespace nadir::cloud
