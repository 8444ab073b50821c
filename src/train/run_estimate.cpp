#include "train/run_estimate.h"

#include <algorithm>

#include "data/loader.h"
#include "train/check_config.h"
#include "train/network_size.h"
#include "train/step_memory.h"

namespace nadir::train {
namespace {

// A step takes the arithmetic counted here at about this share of a bare
// product's rate: the rest goes into everything between the products, less
// what the last block and dropped paths need not compute. Measured:
// docs/benchmarks/.
constexpr double kShareOfPeak = 0.84;

// The program before it makes its networks: code, LibTorch, threads. Measured:
// docs/benchmarks/2026-11-26-memory.md.
constexpr double kProgramBytes = 304e6;

// Multiply-adds, counted as two, of one view's forward pass.
double forward_flop(
    const model::VitShape& shape,
    const model::VitConfig& model,
    int64_t num_bands,
    int64_t side_px) {
  const double n = num_tokens(side_px, model.patch_size);
  const auto d = static_cast<double>(shape.dim);
  const double linear = 2 * n * d * d * (4 + 2 * kMlpRatio);
  const double attention = 4 * n * n * d;
  const auto patch =
      static_cast<double>(model.patch_size * model.patch_size * num_bands);
  return static_cast<double>(shape.depth) * (linear + attention) +
         2 * (n - 1) * d * patch;
}

// Of one optimiser step of one process.
double step_flop(const PretrainConfig& config, int64_t num_bands) {
  const auto shape = model::vit_shape(config.model.arch);
  const double head =
      num_hidden_head_weights(config) + num_prototype_weights(config.head);
  const auto local_views = static_cast<double>(config.views.local_crops_number);
  const auto global_views = static_cast<double>(kGlobalViews);
  const double views = global_views + local_views;
  const double global_flop = forward_flop(
      shape, config.model, num_bands, config.views.global_crop_size);
  const double local_flop =
      local_views > 0
          ? forward_flop(
                shape, config.model, num_bands, config.views.local_crop_size)
          : 0;
  const double student =
      global_views * global_flop + local_views * local_flop + 2 * views * head;
  const double teacher = global_views * (global_flop + 2 * head);
  const auto step_images = static_cast<double>(
      config.optim.batch_size_per_gpu * config.optim.accumulate);
  return step_images * (3 * student + teacher);
}

// Of the views of a micro-batch, and of those that the loader makes ahead.
double loader_bytes(const PretrainConfig& config, int64_t num_bands) {
  const auto& views = config.views;
  const int64_t pixels =
      kGlobalViews * views.global_crop_size * views.global_crop_size +
      views.local_crops_number * views.local_crop_size * views.local_crop_size;
  const int64_t batches = data::LoaderConfig{}.num_prefetched + 1;
  return static_cast<double>(
      batches * config.optim.batch_size_per_gpu * num_bands * pixels *
      static_cast<int64_t>(sizeof(float)));
}

// Of one process, at its highest.
double run_bytes(
    const PretrainConfig& config, int64_t num_bands, int64_t world_size) {
  const auto memory = step_memory(config, num_bands, world_size);
  // A checkpoint is a copy that is written while the next steps run; none does
  // beside the last one.
  const bool saves_meanwhile =
      config.optim.epochs > 1 || config.run.save_every_steps > 0;
  double most = saves_meanwhile
                    ? memory.peak + memory.state
                    : std::max(memory.peak, memory.resting + memory.state);
  // The heap does not shrink (model::tune_allocator()), and gradients of the
  // first step cut up what its activations leave, block by block. Where a block
  // left less than one tensor of the prototypes takes, the heap grows by their
  // two moments and the difference of the networks, then by four copies, of
  // which one takes the difference's place. What attention computes again and
  // what the other branch makes do not fit into each other's places.
  constexpr double kMomentsAndDifference = 3;
  constexpr double kNewCopies = 3;
  if (memory.block < memory.prototypes) {
    const double before_copies = std::max(
        memory.peak,
        memory.first_peak + kMomentsAndDifference * memory.prototypes);
    most = std::max(
        most,
        before_copies + memory.computed_again + kNewCopies * memory.prototypes);
  }
  return kProgramBytes + loader_bytes(config, num_bands) + most;
}

}  // namespace

double forward_gflop(
    const model::VitConfig& model, int64_t num_bands, int64_t side_px) {
  return forward_flop(model::vit_shape(model.arch), model, num_bands, side_px) /
         1e9;
}

RunEstimate estimate_run(
    const PretrainConfig& config,
    int64_t num_bands,
    double gflop_per_s,
    int64_t world_size) {
  check_config(config);
  RunEstimate estimate;
  estimate.num_parameters =
      static_cast<int64_t>(num_parameters(config, num_bands));
  estimate.step_gflop = step_flop(config, num_bands) / 1e9;
  estimate.memory_bytes = run_bytes(config, num_bands, world_size);
  if (gflop_per_s > 0) {
    estimate.step_s = estimate.step_gflop / (kShareOfPeak * gflop_per_s);
  }
  return estimate;
}

}  // namespace nadir::train
