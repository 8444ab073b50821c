#include "model/residual_stream.h"

#include <utility>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include "gpu/token_kernels.h"

namespace nadir::model {

bool can_stream(const at::Tensor& tokens) {
  return tokens.is_cuda() && tokens.scalar_type() == at::kFloat &&
         at::autocast::is_autocast_enabled(at::kCUDA) &&
         gpu::has_token_kernels(tokens.device(), tokens.size(-1));
}

at::Tensor ResidualStream::normed(const LayerNorm& norm) {
  auto result = gpu::add_norm(
      x_TD_, std::exchange(branch_, {}), norm.weight, norm.bias, kLayerNormEps);
  x_TD_ = std::move(result.x_TD);
  return std::move(result.norm_TD);
}

const at::Tensor& ResidualStream::value() {
  if (branch_.rows_TD.defined()) {
    auto added = branch_.rows_TD + branch_.bias_D;
    if (branch_.factors_T.defined()) {
      added = added * branch_.factors_T.unsqueeze(1);
    }
    x_TD_ = x_TD_ + added;
    branch_ = {};
  }
  return x_TD_;
}

}  // namespace nadir::model
