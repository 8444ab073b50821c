#include "scaling/loader_rate.h"

#include <chrono>

#include "train/view_source.h"

namespace nadir::scaling {

double measure_loader_images_per_s(
    std::shared_ptr<const data::Dataset> dataset,
    const data::Normalization& normalization,
    const train::PretrainConfig& config) {
  using Clock = std::chrono::steady_clock;
  constexpr double kSeconds = 2;
  constexpr int64_t kManyEpochs = 1 << 20;
  // What is there when the clock starts was made before: as many are left
  // behind when it stops.
  constexpr int64_t kWarmUpBatches = 4;
  train::ViewSource views(std::move(dataset), normalization, config);
  views.start(0, 0, kManyEpochs);
  for (int64_t i = 0; i < kWarmUpBatches; ++i) {
    (void)views.next();
  }
  const auto start = Clock::now();
  int64_t num_images = 0;
  double elapsed_s = 0;
  while (elapsed_s < kSeconds) {
    num_images += views.next().num_images;
    elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(num_images) / elapsed_s;
}

}  // namespace nadir::scaling
