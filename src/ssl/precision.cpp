#include "ssl/precision.h"

#include <ATen/autocast_mode.h>

#include "core/config.h"
#include "core/error.h"

namespace nadir::ssl {

Precision parse_precision(const std::string& text) {
  NADIR_CHECK(
      text == "fp32" || text == "bf16",
      "precision must be fp32 or bf16, got '{}'{}",
      text,
      did_you_mean(text, {"fp32", "bf16"}));
  return text == "bf16" ? Precision::kBf16 : Precision::kFp32;
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

}  // namespace nadir::ssl
