#include "model/device_copy.h"

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace nadir::model {
namespace {

// What the device does in the order in which this thread asks for it.
c10::Stream stream_of(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

}  // namespace

std::shared_ptr<float[]> allocate_pinned(int64_t size) {
  auto tensor = at::empty(
      {size}, at::TensorOptions().dtype(at::kFloat).pinned_memory(true));
  auto* const values = tensor.data_ptr<float>();
  return {values, [tensor](float*) {}};
}

DeviceCopier::DeviceCopier(c10::Device device)
    : stream_(c10::impl::VirtualGuardImpl(device.type())
                  .getStreamFromGlobalPool(device)) {}

at::Tensor DeviceCopier::begin(const at::Tensor& host) const {
  const auto device = stream_.device();
  const auto computes = stream_of(device);
  const c10::StreamGuard guard(stream_);
  auto copy = host.to(device, /*non_blocking=*/true);
  // Its memory is not given to another copy before the device has used it.
  copy.record_stream(computes);
  return copy;
}

ArrivingTensor::ArrivingTensor(const at::Tensor& tensor) : host_(tensor) {
  if (tensor.is_cpu()) {
    return;
  }
  host_ = at::empty(
      tensor.sizes(), tensor.options().device(at::kCPU).pinned_memory(true));
  host_.copy_(tensor, /*non_blocking=*/true);
  arrived_.emplace(tensor.device().type());
  arrived_->record(stream_of(tensor.device()));
}

const at::Tensor& ArrivingTensor::wait() const {
  if (arrived_) {
    arrived_->synchronize();
  }
  return host_;
}

}  // namespace nadir::model
