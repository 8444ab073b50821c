// Memory for vector loads: floats from an address that is a multiple of 64.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace nadir {

// Not initialised. Throws std::bad_alloc.
class AlignedFloats {
 public:
  explicit AlignedFloats(int64_t size) {
    const auto bytes = static_cast<size_t>(size) * sizeof(float);
    data_.reset(static_cast<float*>(
        std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment)));
    if (!data_) {
      throw std::bad_alloc();
    }
  }

  [[nodiscard]] float* data() { return data_.get(); }

  [[nodiscard]] const float* data() const { return data_.get(); }

 private:
  static constexpr size_t kAlignment = 64;

  struct Free {
    void operator()(float* data) const { std::free(data); }
  };

  std::unique_ptr<float[], Free> data_;
};

}  // namespace nadir
