// The numbers that matrix products are computed in; everything delicate stays
// in float32.
#pragma once

#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace nadir::model {

enum class Precision {
  kFp32,
  kBf16,  // bfloat16: LibTorch's autocast, and blocks of our own
  kInt8   // 8-bit numbers, for inference on the CPU
};

// What a network is used for: gradients do not go through 8-bit numbers.
enum class Use { kTraining, kInference };

// "fp32", "bf16", "int8" for inference, or "auto": whichever of fp32 and bf16
// multiplies faster on `device`, measured for half a second and logged; fp32
// unmeasured on a processor without instructions for bf16. Throws
// Error{kInvalidArgument} for others, and where the device has no int8.
[[nodiscard]] Precision choose_precision(
    const std::string& text, Use use, c10::Device device);

// As the user writes it.
[[nodiscard]] std::string precision_name(Precision precision);

// Whether LibTorch's operations are what a frozen network's blocks are made of
// in bfloat16 on this CPU: with AMX, where they are faster for inference,
// though not for training (docs/decisions/0020).
[[nodiscard]] bool libtorch_infers_bf16();

// Rate of products of a block's size in fp32 or bf16, in units of 10^9
// multiplications and additions; measured for a quarter of a second.
[[nodiscard]] double measure_gflop_per_s(
    Precision precision, c10::Device device = c10::Device(c10::kCPU));

// While it lives, LibTorch casts the inputs of matrix products on `device` to
// bfloat16 if `precision` says so, and blocks on the CPU round theirs; weights
// stay float32 and are cast once.
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

}  // namespace nadir::model
