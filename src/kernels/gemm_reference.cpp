#include "kernels/gemm.h"

namespace nadir::kernels::reference {

void gemm(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const MatrixView& b,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride) {
  for (int64_t row = 0; row < m; ++row) {
    for (int64_t col = 0; col < n; ++col) {
      double sum = 0;
      for (int64_t i = 0; i < k; ++i) {
        sum += static_cast<double>(*a.at(row, i).data) *
               static_cast<double>(*b.at(i, col).data);
      }
      float& out = c[row * c_stride + col];
      if (init == GemmInit::kAddBias) {
        sum += bias[col];
      } else if (init == GemmInit::kAccumulate) {
        sum += out;
      }
      out = static_cast<float>(sum);
    }
  }
}

}  // namespace nadir::kernels::reference
