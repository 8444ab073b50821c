#include "model/drop_path.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::model {

double drop_path_rate_of_block(double rate, int64_t depth, int64_t block) {
  if (depth == 1) {
    return 0;
  }
  return rate * static_cast<double>(block) / static_cast<double>(depth - 1);
}

at::Tensor draw_drop_path(
    const DropPathKey& key, double rate, int64_t depth, int64_t num_rows) {
  NADIR_CHECK(
      rate >= 0 && rate < 1, "drop_path_rate must be in [0, 1), got {}", rate);
  auto factors_L2B = at::empty({depth, 2, num_rows}, at::kFloat);
  auto factors = factors_L2B.accessor<float, 3>();
  const int64_t per_view =
      key.images_per_view > 0 ? key.images_per_view : num_rows;
  for (int64_t row = 0; row < num_rows; ++row) {
    RandomStream random(
        key.seed,
        StreamPurpose::kDropPath,
        key.step,
        static_cast<uint64_t>(key.first_image + row % per_view),
        static_cast<uint32_t>(key.first_view + row / per_view));
    for (int64_t block = 0; block < depth; ++block) {
      const double p = drop_path_rate_of_block(rate, depth, block);
      for (int branch = 0; branch < 2; ++branch) {
        const bool is_kept = random.uniform() >= p;
        factors[block][branch][row] =
            is_kept ? static_cast<float>(1 / (1 - p)) : 0.0F;
      }
    }
  }
  return factors_L2B;
}

}  // namespace nadir::model
