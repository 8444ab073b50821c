#include "model/precision.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include "core/config.h"
#include "core/error.h"
#include "core/log.h"
#include "kernels/bf16_gemm.h"
#include "kernels/int8_gemm.h"
#include "ops/packed_weight.h"

namespace nadir::model {
namespace {

// [rows, in] times weight^T by LibTorch, or by the kernels that blocks use.
using Multiply =
    void(const at::Tensor& rows, const at::Tensor& weight, at::Tensor& out);

void multiply_by_libtorch(
    const at::Tensor& rows, const at::Tensor& weight, at::Tensor& out) {
  at::mm_out(out, rows, weight.t());
}

template <ops::WeightFormat kFormat>
void multiply_packed(
    const at::Tensor& rows, const at::Tensor& weight, at::Tensor& out) {
  ops::PackedWeight::forward(weight, kFormat).multiply_all(rows, out);
}

Multiply* multiply_in(Precision precision, c10::Device device) {
  if (!device.is_cpu()) {
    return multiply_by_libtorch;
  }
  return precision == Precision::kBf16
             ? multiply_packed<ops::WeightFormat::kBfloat16>
             : multiply_packed<ops::WeightFormat::kFloat32>;
}

// Work on a GPU is done once a number of its result is here.
void wait_for(const at::Tensor& result) {
  if (!result.is_cpu()) {
    (void)result[0][0].item();
  }
}

Precision faster_precision(c10::Device device) {
  if (device.is_cpu() && !kernels::has_fast_bf16()) {
    log_info(
        "model",
        "precision fp32: this processor has no instructions for bfloat16");
    return Precision::kFp32;
  }
  const double fp32 = measure_gflop_per_s(Precision::kFp32, device);
  const double bf16 = measure_gflop_per_s(Precision::kBf16, device);
  const auto faster = bf16 > fp32 ? Precision::kBf16 : Precision::kFp32;
  log_info(
      "model",
      "precision {}: products run at {:.0f} GFLOP/s in fp32 and {:.0f} in bf16 "
      "on {}",
      precision_name(faster),
      fp32,
      bf16,
      device.str());
  return faster;
}

}  // namespace

Precision choose_precision(
    const std::string& text, Use use, c10::Device device) {
  std::vector<std::string> names = {"fp32", "bf16"};
  if (use == Use::kInference) {
    names.emplace_back("int8");
  }
  names.emplace_back("auto");
  if (text == "auto") {
    return faster_precision(device);
  }
  if (text == "int8" && use == Use::kInference) {
    NADIR_CHECK(
        device.is_cpu(),
        "precision int8 works on the CPU, not on {}; use bf16 there",
        device.str());
    if (!kernels::has_fast_int8()) {
      log_warning(
          "model",
          "this processor has no instructions for 8-bit products (VNNI): int8 "
          "is slower than fp32 here");
    }
    return Precision::kInt8;
  }
  NADIR_CHECK(
      text == "fp32" || text == "bf16",
      "precision must be one of {}, got '{}'{}",
      join(names, ", "),
      text,
      did_you_mean(text, names));
  return text == "bf16" ? Precision::kBf16 : Precision::kFp32;
}

std::string precision_name(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  NADIR_ASSERT(false);
}

bool libtorch_infers_bf16() {
  return kernels::has_bf16_tiles();
}

double measure_gflop_per_s(Precision precision, c10::Device device) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kRows = 1576;
  constexpr int64_t kIn = 384;
  constexpr int64_t kOut = 1536;
  const at::NoGradGuard no_grad;
  auto* const multiply = multiply_in(precision, device);
  const bool is_cast =
      precision == Precision::kBf16 && multiply == multiply_by_libtorch;
  const auto options =
      at::TensorOptions(is_cast ? at::kBFloat16 : at::kFloat).device(device);
  const auto rows = at::ones({kRows, kIn}, options);
  const auto weight = at::ones({kOut, kIn}, options);
  auto out = at::empty({kRows, kOut}, options);
  multiply(rows, weight, out);  // the first call makes threads and buffers
  wait_for(out);
  const auto start = Clock::now();
  int64_t products = 0;
  double elapsed_s = 0;
  while (elapsed_s < 0.25) {
    multiply(rows, weight, out);
    wait_for(out);
    ++products;
    elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return 2.0 * static_cast<double>(kRows * kIn * kOut * products) / elapsed_s /
         1e9;
}

AutocastGuard::AutocastGuard(Precision precision, c10::Device device)
    : is_active_(precision == Precision::kBf16), device_(device.type()) {
  if (!is_active_) {
    return;
  }
  was_enabled_ = at::autocast::is_autocast_enabled(device_);
  old_dtype_ = at::autocast::get_autocast_dtype(device_);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
  if (!is_active_) {
    return;
  }
  if (at::autocast::decrement_nesting() == 0) {
    at::autocast::clear_cache();
  }
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, old_dtype_);
}

}  // namespace nadir::model
