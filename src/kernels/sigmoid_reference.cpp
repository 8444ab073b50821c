#include <cmath>

#include "kernels/sigmoid.h"

namespace nadir::kernels::reference {

void sigmoid_residual(
    float* logits, const float* truth, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i) {
    const double probability = 1 / (1 + std::exp(-double{logits[i]}));
    logits[i] = static_cast<float>(factor * (truth[i] - probability));
  }
}

}  // namespace nadir::kernels::reference
