// Compiled with OpenMP, without which the pragma means nothing.
#include "ops/threads.h"

#include <exception>
#include <mutex>

#ifndef _OPENMP
#error "this file needs -fopenmp"
#endif

namespace nadir::ops {

void run_on_threads(int64_t num_threads, const std::function<void()>& work) {
  std::mutex mutex;
  std::exception_ptr error;
#pragma omp parallel num_threads(static_cast <int>(num_threads))
  {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
    }
  }
  if (error) {
    std::rethrow_exception(error);
  }
}

}  // namespace nadir::ops
