#include "train/step_memory.h"

#include <algorithm>
#include <vector>

#include "model/drop_path.h"
#include "model/precision.h"
#include "ops/weight_format.h"
#include "train/network_size.h"

namespace nadir::train {
namespace {

// Views that go forward and back together.
struct Part {
  double num_views = 0;
  double num_rows = 0;    // tokens of all images
  double num_pixels = 0;  // of all images and bands
  // Rows whose backward is done together: all, but by LibTorch's operations
  // those of each size by themselves, the last first.
  double num_backward_rows = 0;
};

// All counts are of float32 numbers; names are those of the code where the
// tensors live. T rows of tokens, D their width, B images, K prototypes.
class Counts {
 public:
  Counts(const PretrainConfig& config, int64_t num_bands, int64_t world_size)
      : config_(config),
        num_bands_(num_bands),
        depth_(model::vit_shape(config.model.arch).depth),
        dim_(static_cast<double>(model::vit_shape(config.model.arch).dim)),
        batch_(static_cast<double>(config.optim.batch_size_per_gpu)),
        prototypes_(static_cast<double>(config.head.out_dim)),
        prototype_weights_(num_prototype_weights(config.head)),
        parameters_(num_parameters(config, num_bands)),
        trained_(parameters_ - (config.head.norm_last_layer ? prototypes_ : 0)),
        has_buckets_(world_size > 1),
        is_bf16_(config.run.precision != "fp32"),
        recomputes_(config.model.checkpoint_activations) {
    const auto& products = ops::products_in(
        is_bf16_ ? ops::WeightFormat::kBfloat16 : ops::WeightFormat::kFloat32);
    constexpr int64_t kSide = 384;
    packed_ = static_cast<double>(products.packed_size(kSide, kSide)) /
              (kSide * kSide);
    packed_left_ =
        static_cast<double>(products.left_size(kSide, kSide)) / (kSide * kSide);
  }

  // The optimiser's. Prototypes get none as long as they are frozen.
  [[nodiscard]] double moments() const {
    const double num_moments = config_.optim.optimizer == "adamw" ? 2 : 1;
    const bool moves_prototypes =
        config_.optim.freeze_last_layer < config_.optim.epochs;
    return num_moments *
           (trained_ - (moves_prototypes ? 0 : prototype_weights_));
  }

  [[nodiscard]] double state() const { return 2 * parameters_ + moments(); }

  [[nodiscard]] double resting() const { return held(moments()) + trained_; }

  [[nodiscard]] double kept_by_middle_block() const {
    double rows = 0;
    for (const Part& part : parts()) {
      rows = std::max(rows, part.num_rows);
    }
    return rows * dim_ * widths_kept(depth_ / 2);
  }

  [[nodiscard]] double computed_again() const {
    double rows = 0;
    for (const Part& part : parts()) {
      rows = std::max(rows, part.num_backward_rows);
    }
    return rows * dim_ * widths_computed_again(depth_ / 2);
  }

  [[nodiscard]] double peak(double moments) const {
    // Statistics take the differences of the networks.
    double most = resting() + parameters_;
    bool has_gradients = config_.optim.accumulate > 1;
    for (const Part& part : parts()) {
      most = std::max(most, held(moments) + peak_of(part, has_gradients));
      has_gradients = true;
    }
    return most;
  }

 private:
  // Networks, moments, and buckets of gradients for the other processes.
  [[nodiscard]] double held(double moments) const {
    return 2 * parameters_ + moments + (has_buckets_ ? trained_ : 0);
  }

  [[nodiscard]] Part part_of(int64_t views, int64_t side_px) const {
    const auto num_views = static_cast<double>(views);
    const auto num_pixels = static_cast<double>(side_px * side_px * num_bands_);
    const double num_rows =
        num_views * batch_ * num_tokens(side_px, config_.model.patch_size);
    return {num_views, num_rows, num_views * batch_ * num_pixels, num_rows};
  }

  [[nodiscard]] std::vector<Part> parts() const {
    const auto& views = config_.views;
    const Part large = part_of(kGlobalViews, views.global_crop_size);
    if (views.local_crops_number == 0) {
      return {large};
    }
    const Part small = part_of(views.local_crops_number, views.local_crop_size);
    if (config_.optim.backward_per_crop_size) {
      return {large, small};
    }
    Part both = small;
    both.num_views += large.num_views;
    both.num_rows += large.num_rows;
    both.num_pixels += large.num_pixels;
    both.num_backward_rows += large.num_rows;
    return {both};
  }

  // The share of rows that stochastic depth leaves in a block's branches.
  [[nodiscard]] double kept_share(int64_t block) const {
    return 1 - model::drop_path_rate_of_block(
                   config_.model.drop_path_rate, depth_, block);
  }

  // What a block keeps for backward, in widths of a token: its own input and
  // that of the second branch, and unless they are computed again queries,
  // keys, values, what the heads give, and fc1's outputs.
  [[nodiscard]] double widths_kept(int64_t block) const {
    constexpr double kInputs = 2;
    constexpr double kBranches = 3 + 1 + kMlpRatio;
    return kInputs + (recomputes_ ? 0 : kBranches * kept_share(block));
  }

  // What a block's backward makes beside that, where it makes most: gradients
  // of output and input; and in the second branch factors of both weights'
  // gradients, packed: those of hidden channels, tokens and outputs; sums of
  // chunks of 48 rows. Where the first branch computes queries, keys, values
  // and what the heads give again, their gradients beside them can be more; the
  // second branch has left its input by then.
  [[nodiscard]] double widths_of_backward(int64_t block) const {
    constexpr double kSums = (kMlpRatio + 3) / 48;
    const double factors = (kMlpRatio + 1) * (packed_ + packed_left_);
    const double mlp = (factors + kSums) * kept_share(block);
    return 2 + std::max(mlp, widths_computed_again(block) - 1);
  }

  [[nodiscard]] double widths_computed_again(int64_t block) const {
    constexpr double kAttention = 2 * (3 + 1);
    return recomputes_ ? kAttention * kept_share(block) : 0;
  }

  // Of the last block, whose output is the first token alone, at the end of
  // forward: its input, keys and values with room for queries.
  [[nodiscard]] double widths_of_last_block() const {
    return 1 + (recomputes_ ? 0 : 3 * kept_share(depth_ - 1));
  }

  // Inputs and outputs of GELU, the bottleneck and its normed copy.
  [[nodiscard]] double head_activations(double rows) const {
    const auto& head = config_.head;
    return rows * static_cast<double>(
                      2 * (head.head_layers - 1) * head.head_hidden_dim +
                      3 * head.head_bottleneck_dim);
  }

  // In the loss two tensors of the logits' size and two of a view's; then the
  // gradient of the normed directions beside that of the logits.
  [[nodiscard]] double prototypes_and_loss(const Part& part) const {
    const double logits_BK = batch_ * prototypes_;
    const double logits_VBK = part.num_views * logits_BK;
    return prototype_weights_ +
           std::max(
               2 * logits_VBK + 2 * logits_BK, logits_VBK + prototype_weights_);
  }

  // From the end of the student's forward pass to that of its backward.
  // Gradients that are there already grow in place, a new one beside them.
  [[nodiscard]] double peak_of(const Part& part, bool has_gradients) const {
    const double rows_TD = part.num_rows * dim_;
    const double backward_TD = part.num_backward_rows * dim_;
    const double backbone = num_backbone_parameters(config_, num_bands_);
    const double casts =
        is_bf16_ ? (parameters_ - backbone - prototypes_) / 2 : 0;
    const auto teacher_logits =
        static_cast<double>(2 * kGlobalViews + 1) * batch_ * prototypes_;
    const double beside =
        teacher_logits + casts + (has_gradients ? trained_ : 0);
    double kept_by_blocks = part.num_pixels;  // patches, by the embedding
    for (int64_t block = 0; block + 1 < depth_; ++block) {
      kept_by_blocks += rows_TD * widths_kept(block);
    }
    const double kept = kept_by_blocks + rows_TD * widths_of_last_block();
    double most = kept + head_activations(part.num_views * batch_) +
                  prototypes_and_loss(part);
    double gradients = has_gradients ? 0 : trained_ - backbone;
    const double new_gradient =
        has_gradients ? num_largest_head_layer(config_) : 0;
    const double last_keys_and_values =
        backward_TD * 3 * kept_share(depth_ - 1);
    most = std::max(
        {most,
         kept + gradients + new_gradient,
         kept + gradients + last_keys_and_values});
    // Packed copies of both weights, and their new gradients.
    const double weights = 2 * (1 + packed_) * kMlpRatio * dim_ * dim_;
    for (int64_t block = depth_ - 2; block >= 0; --block) {
      gradients += has_gradients ? 0 : num_block_parameters(dim_);
      most = std::max(
          most,
          kept_by_blocks + gradients + weights +
              backward_TD * widths_of_backward(block));
      kept_by_blocks -= rows_TD * widths_kept(block);
    }
    return beside + most;
  }

  const PretrainConfig& config_;
  int64_t num_bands_;
  int64_t depth_;
  double dim_;
  double batch_;
  double prototypes_;
  double prototype_weights_;
  double parameters_;
  double trained_;
  bool has_buckets_;
  bool is_bf16_;
  bool recomputes_;
  // What is packed for a product, beside what it is in float32: right factors,
  // and left ones.
  double packed_ = 1;
  double packed_left_ = 1;
};

}  // namespace

StepMemory step_memory(
    const PretrainConfig& config, int64_t num_bands, int64_t world_size) {
  const Counts counts(config, num_bands, world_size);
  constexpr double kBytes = 4;  // of a float32
  StepMemory memory;
  memory.peak = kBytes * counts.peak(counts.moments());
  memory.first_peak = kBytes * counts.peak(0);
  memory.resting = kBytes * counts.resting();
  memory.state = kBytes * counts.state();
  memory.prototypes = kBytes * num_prototype_weights(config.head);
  memory.block = kBytes * counts.kept_by_middle_block();
  memory.computed_again = kBytes * counts.computed_again();
  return memory;
}

}  // namespace nadir::train
