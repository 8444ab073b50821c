// Mixed precision: matrix products in bfloat16, everything delicate in float32.
#pragma once

#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace nadir::ssl {

enum class Precision { kFp32, kBf16 };

// "fp32" or "bf16"; throws Error{kInvalidArgument} for others.
[[nodiscard]] Precision parse_precision(const std::string& text);

// While it lives, LibTorch casts the inputs of matrix products on `device` to
// bfloat16 if `precision` says so; weights stay float32 and are cast once.
// Wrap forward passes only: backward follows by itself, and the loss takes
// logits to float32. Belongs to the thread that made it.
class AutocastGuard {
 public:
  AutocastGuard(Precision precision, c10::Device device);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  bool is_active_;
  bool was_enabled_ = false;
  c10::DeviceType device_;
  c10::ScalarType old_dtype_ = c10::ScalarType::Undefined;
};

}  // namespace nadir::ssl
