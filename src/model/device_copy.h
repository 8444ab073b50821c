// Copies between this host and a GPU that run beside its work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

namespace nadir::model {

// Memory that CUDA's driver copies from and to without a detour, for `size`
// floats, not initialised. Only after open_device() gave a CUDA device. Throws
// c10::Error where the driver has none left.
[[nodiscard]] std::shared_ptr<float[]> allocate_pinned(int64_t size);

// Copies on a stream of their own, so that the device goes on computing. One
// thread.
class DeviceCopier {
 public:
  // `device` is a CUDA device that open_device() gave.
  explicit DeviceCopier(c10::Device device);

  // Begins to copy `host`, which must stay as it is until wait(), to a tensor
  // that may be used after it. Beside the device's work only where `host` lies
  // in memory of allocate_pinned().
  [[nodiscard]] at::Tensor begin(const at::Tensor& host) const;

  // Until all copies are done.
  void wait() const { stream_.synchronize(); }

 private:
  c10::Stream stream_;
};

// A tensor on its way to this host. One thread.
class ArrivingTensor {
 public:
  // Begins to copy `tensor` behind the work that its device was given so far;
  // one on the CPU is there already.
  explicit ArrivingTensor(const at::Tensor& tensor);

  // The tensor on the CPU, once it is there and with it all work before it.
  [[nodiscard]] const at::Tensor& wait() const;

 private:
  at::Tensor host_;
  std::optional<c10::Event> arrived_;
};

}  // namespace nadir::model
