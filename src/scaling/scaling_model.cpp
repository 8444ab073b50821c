#include "scaling/scaling_model.h"

#include <algorithm>

#include "core/error.h"
#include "scaling/straggler.h"

namespace nadir::scaling {
namespace {

constexpr double kShareWorthNaming = 0.1;

Limit limit_of(const Prediction& prediction) {
  const double waits_s =
      prediction.exposed_s + prediction.straggler_s + prediction.data_wait_s;
  if (waits_s < kShareWorthNaming * prediction.step_s) {
    return Limit::kCompute;
  }
  const double longest_s = std::max(
      {prediction.exposed_s, prediction.straggler_s, prediction.data_wait_s});
  if (longest_s == prediction.data_wait_s) {
    return Limit::kData;
  }
  return longest_s == prediction.exposed_s ? Limit::kNetwork
                                           : Limit::kStragglers;
}

void check_input(const ScalingInput& input) {
  NADIR_CHECK(
      input.timeline.compute_s() > 0,
      "a step must take time, got {} s",
      input.timeline.compute_s());
  NADIR_CHECK(
      input.images_per_gpu >= 1,
      "a GPU must have an image, got {}",
      input.images_per_gpu);
  NADIR_CHECK(
      input.step_spread >= 0,
      "the spread of steps must be >= 0, got {}",
      input.step_spread);
  NADIR_CHECK(
      input.loader_images_per_s >= 0,
      "the loader's rate must be >= 0 (0: never waited for), got {} images/s",
      input.loader_images_per_s);
}

}  // namespace

std::string name_of(Limit limit) {
  switch (limit) {
    case Limit::kCompute:
      return "compute";
    case Limit::kNetwork:
      return "network";
    case Limit::kStragglers:
      return "stragglers";
    case Limit::kData:
      break;
  }
  return "data";
}

Prediction predict(
    const ScalingInput& input, Algorithm algorithm, int64_t num_gpus) {
  check_input(input);
  (void)all_reduce_s(algorithm, input.network, num_gpus, 0);  // refuses
  StepPlace place;
  place.sum = [&](double num_bytes) {
    return SumTime{
        all_reduce_s(algorithm, input.network, num_gpus, num_bytes), 0};
  };
  place.slowest_factor =
      1 + input.step_spread * expected_largest_normal(num_gpus);
  StepTimeline timeline = input.timeline;
  if (num_gpus == 1) {
    timeline.buckets.clear();  // nothing is packed for nobody
    timeline.late_sums_bytes.clear();
  }
  const SimulatedStep step = simulate_step(timeline, place);

  const auto n = static_cast<double>(num_gpus);
  const auto per_host =
      static_cast<double>(std::min(num_gpus, input.network.gpus_per_host));
  const auto batch = static_cast<double>(input.images_per_gpu);
  Prediction prediction;
  prediction.num_gpus = num_gpus;
  prediction.exposed_s = step.exposed_s;
  prediction.straggler_s = step.straggler_s;
  prediction.loader_images_per_s = per_host * batch / step.step_s;
  prediction.step_s = step.step_s;
  if (input.loader_images_per_s > 0) {
    prediction.step_s =
        std::max(step.step_s, per_host * batch / input.loader_images_per_s);
    prediction.data_wait_s = prediction.step_s - step.step_s;
  }
  prediction.images_per_s = n * batch / prediction.step_s;
  prediction.efficiency = input.timeline.compute_s() / prediction.step_s;
  prediction.limit = limit_of(prediction);
  return prediction;
}

}  // namespace nadir::scaling
