// This process on fewer processors than it may use, for a while.
#pragma once

#include <sched.h>

namespace nadir::bench {

// Keeps the calling thread, and threads that it starts from now on, to the
// first `num_processors` of those it may use: available_threads() is that
// number then. The destructor lets the thread use all again.
class ProcessorLimit {
 public:
  // 0 takes all. Throws Error{kInvalidArgument} for more than there are.
  explicit ProcessorLimit(int64_t num_processors);
  ~ProcessorLimit();
  ProcessorLimit(const ProcessorLimit&) = delete;
  ProcessorLimit& operator=(const ProcessorLimit&) = delete;

 private:
  cpu_set_t before_;
  bool is_limited_ = false;
};

}  // namespace nadir::bench
