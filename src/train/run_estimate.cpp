#include "train/run_estimate.h"

#include "train/check_config.h"

namespace nadir::train {
namespace {

using model::HeadConfig;

constexpr double kMlpRatio = 4;
constexpr double kBytes = 4;  // of a float32

// A step takes the arithmetic counted here at about this share of a bare
// product's rate: the rest goes into everything between the products, less
// what the last block and dropped paths need not compute. Measured:
// docs/benchmarks/.
constexpr double kShareOfPeak = 0.84;

double tokens_of(int64_t side_px, int64_t patch_size) {
  const auto per_side = static_cast<double>(side_px / patch_size);
  return per_side * per_side + 1;
}

// Parameters, frozen ones too.
double num_backbone_parameters(
    const model::VitShape& shape,
    const PretrainConfig& config,
    int64_t num_bands) {
  const auto d = static_cast<double>(shape.dim);
  const auto patch = static_cast<double>(
      config.model.patch_size * config.model.patch_size * num_bands);
  const double positions =
      tokens_of(config.views.global_crop_size, config.model.patch_size);
  const double block = 12 * d * d + 13 * d;
  // Patch weight and bias, class token, positions, the final norm.
  return static_cast<double>(shape.depth) * block +
         d * (patch + 1 + 1 + positions + 2);
}

// The head's matrices: what a row costs in multiplications.
double num_head_weights(const model::VitShape& shape, const HeadConfig& head) {
  auto width = static_cast<double>(shape.dim);
  const auto hidden = static_cast<double>(head.head_hidden_dim);
  const auto bottleneck = static_cast<double>(head.head_bottleneck_dim);
  double count = 0;
  for (int64_t layer = 1; layer < head.head_layers; ++layer) {
    count += width * hidden;
    width = hidden;
  }
  return count + width * bottleneck +
         bottleneck * static_cast<double>(head.out_dim);
}

// Its biases, norms and magnitudes.
double num_head_vectors(const HeadConfig& head) {
  const auto hidden = static_cast<double>(head.head_hidden_dim);
  const double num_hidden = static_cast<double>(head.head_layers - 1);
  const double per_hidden = head.use_bn_in_head ? 3 * hidden : hidden;
  return num_hidden * per_hidden +
         static_cast<double>(head.head_bottleneck_dim + head.out_dim);
}

// Multiply-adds, counted as two, of one view's forward pass.
double forward_flop(
    const model::VitShape& shape,
    const model::VitConfig& model,
    int64_t num_bands,
    int64_t side_px) {
  const double n = tokens_of(side_px, model.patch_size);
  const auto d = static_cast<double>(shape.dim);
  const double linear = 2 * n * d * d * (4 + 2 * kMlpRatio);
  const double attention = 4 * n * n * d;
  const auto patch =
      static_cast<double>(model.patch_size * model.patch_size * num_bands);
  return static_cast<double>(shape.depth) * (linear + attention) +
         2 * (n - 1) * d * patch;
}

// What backward needs of a token in a block, in widths. Blocks of our own keep
// their two inputs, qkv, what the heads give and fc1's outputs; LibTorch's
// operations the outputs of norms, GELU and branches too.
double widths_kept(const PretrainConfig& config) {
  constexpr double kInputs = 2;
  constexpr double kOwn = kInputs + 3 + 1 + kMlpRatio;
  constexpr double kLibTorch = 2 + 3 + 2 + 1 + 2 * kMlpRatio + 1;
  return config.run.precision != "fp32"        ? kLibTorch
         : config.model.checkpoint_activations ? kInputs
                                               : kOwn;
}

// Of one view. A block's backward needs as much again as one block keeps.
double activation_floats(
    const model::VitShape& shape, const PretrainConfig& config, int64_t side) {
  const double n = tokens_of(side, config.model.patch_size);
  const auto d = static_cast<double>(shape.dim);
  return static_cast<double>(shape.depth + 1) * n * d * widths_kept(config);
}

}  // namespace

double forward_gflop(
    const model::VitConfig& model, int64_t num_bands, int64_t side_px) {
  return forward_flop(model::vit_shape(model.arch), model, num_bands, side_px) /
         1e9;
}

RunEstimate estimate_run(
    const PretrainConfig& config, int64_t num_bands, double gflop_per_s) {
  check_config(config);
  const auto shape = model::vit_shape(config.model.arch);
  const auto k = static_cast<double>(config.head.out_dim);
  const double backbone = num_backbone_parameters(shape, config, num_bands);
  const double head = num_head_weights(shape, config.head);
  const double parameters = backbone + head + num_head_vectors(config.head);

  const double global_views = 2;
  const auto local_views = static_cast<double>(config.views.local_crops_number);
  const double views = global_views + local_views;
  const double global_flop = forward_flop(
      shape, config.model, num_bands, config.views.global_crop_size);
  const double local_flop =
      local_views > 0
          ? forward_flop(
                shape, config.model, num_bands, config.views.local_crop_size)
          : 0;
  const double student_flop =
      global_views * global_flop + local_views * local_flop + 2 * views * head;
  const double teacher_flop = global_views * (global_flop + 2 * head);
  const auto batch = static_cast<double>(config.optim.batch_size_per_gpu);
  const auto step_images = batch * static_cast<double>(config.optim.accumulate);

  RunEstimate estimate;
  estimate.num_parameters = static_cast<int64_t>(parameters);
  estimate.step_gflop = step_images * (3 * student_flop + teacher_flop) / 1e9;

  const double activations =
      batch *
      (global_views *
           activation_floats(shape, config, config.views.global_crop_size) +
       local_views *
           activation_floats(shape, config, config.views.local_crop_size) +
       3 * (views + global_views) * k);
  const auto pixels = [num_bands](int64_t side) {
    return static_cast<double>(num_bands * side * side);
  };
  constexpr double kBatchesInMemory = 4;
  const double batches = kBatchesInMemory * batch *
                         (global_views * pixels(config.views.global_crop_size) +
                          local_views * pixels(config.views.local_crop_size));
  constexpr double kCopiesOfParameters = 5;  // student, gradient, Adam, teacher
  constexpr double kProgramBytes = 350e6;
  estimate.memory_bytes =
      kProgramBytes +
      kBytes * (kCopiesOfParameters * parameters + activations + batches);
  if (gflop_per_s > 0) {
    estimate.step_s = estimate.step_gflop / (kShareOfPeak * gflop_per_s);
  }
  return estimate;
}

}  // namespace nadir::train
