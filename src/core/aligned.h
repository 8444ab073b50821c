// Memory for vector loads: numbers from an address that is a multiple of 64.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace nadir {

// Not initialised. Throws std::bad_alloc.
template <class Number>
class Aligned {
 public:
  explicit Aligned(int64_t size) {
    const auto bytes = static_cast<size_t>(size) * sizeof(Number);
    data_.reset(static_cast<Number*>(
        std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment)));
    if (!data_) {
      throw std::bad_alloc();
    }
  }

  [[nodiscard]] Number* data() { return data_.get(); }

  [[nodiscard]] const Number* data() const { return data_.get(); }

 private:
  static constexpr size_t kAlignment = 64;

  struct Free {
    void operator()(Number* data) const { std::free(data); }
  };

  std::unique_ptr<Number[], Free> data_;
};

using AlignedFloats = Aligned<float>;

}  // namespace nadir
