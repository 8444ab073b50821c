// How much memory LibTorch's tensors take, to the byte: unlike resident memory
// it is the same on every machine and in every run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace nadir {

// Follows what is allocated and freed on the CPU by the thread that made it;
// what was there before counts as nothing.
class TensorBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(
      void* /*block*/,
      int64_t num_bytes,
      size_t /*allocated*/,
      size_t /*reserved*/,
      c10::Device /*device*/) override {
    now_ += num_bytes;
    peak_ = std::max(peak_, now_);
  }

  bool memoryProfilingEnabled() const override { return true; }

  [[nodiscard]] int64_t peak() const { return peak_; }

 private:
  int64_t now_ = 0;
  int64_t peak_ = 0;
};

// The most bytes at a time while `work` ran.
inline int64_t peak_tensor_bytes(const std::function<void()>& work) {
  const auto bytes = std::make_shared<TensorBytes>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
  work();
  return bytes->peak();
}

}  // namespace nadir
