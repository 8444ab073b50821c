#include "scaling/step_profile.h"

#include <algorithm>
#include <chrono>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "core/error.h"
#include "core/signals.h"
#include "distributed/bucket_plan.h"
#include "scaling/median.h"
#include "train/dino_learner.h"

namespace nadir::scaling {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// When backward has made the last gradient of each bucket, by the split that
// GradientBuckets would make. Hooks point here: not moved.
class BucketWatch {
 public:
  explicit BucketWatch(const std::vector<at::Tensor>& parameters) {
    std::vector<int64_t> num_bytes;
    for (const auto& parameter : parameters) {
      if (parameter.requires_grad()) {
        trained_.push_back(parameter);
        num_bytes.push_back(static_cast<int64_t>(parameter.nbytes()));
      }
    }
    plan_ = distributed::plan_buckets(num_bytes);
    ready_s_.resize(plan_.size());
    bytes_.resize(plan_.size());
    for (size_t b = 0; b < plan_.size(); ++b) {
      for (const size_t i : plan_[b]) {
        bytes_[b] += static_cast<double>(num_bytes[i]);
        const auto accumulator =
            torch::autograd::impl::grad_accumulator(trained_[i]);
        const auto key =
            accumulator->add_post_hook(std::make_unique<Hook>(this, b));
        remove_hooks_.push_back(
            [accumulator, key] { accumulator->del_post_hook(key); });
      }
    }
  }

  ~BucketWatch() {
    for (const auto& remove : remove_hooks_) {
      remove();
    }
  }

  BucketWatch(const BucketWatch&) = delete;
  BucketWatch& operator=(const BucketWatch&) = delete;

  void start() { start_ = Clock::now(); }

  // Since start().
  [[nodiscard]] const std::vector<double>& ready_s() const { return ready_s_; }

  [[nodiscard]] const std::vector<double>& bytes() const { return bytes_; }

  // Medians of the copies that GradientBuckets makes, without its sums.
  [[nodiscard]] std::vector<BucketTime> copy_times() const;

 private:
  class Hook : public torch::autograd::FunctionPostHook {
   public:
    Hook(BucketWatch* owner, size_t bucket) : owner_(owner), bucket_(bucket) {}

    torch::autograd::variable_list operator()(
        const torch::autograd::variable_list& outputs,
        const torch::autograd::variable_list&) override {
      owner_->ready_s_[bucket_] = seconds_since(owner_->start_);
      return outputs;
    }

   private:
    BucketWatch* owner_;
    size_t bucket_;
  };

  std::vector<at::Tensor> trained_;
  std::vector<std::vector<size_t>> plan_;
  std::vector<double> ready_s_;
  std::vector<double> bytes_;
  std::vector<std::function<void()>> remove_hooks_;
  Clock::time_point start_;
};

std::vector<BucketTime> BucketWatch::copy_times() const {
  constexpr int kRepeats = 5;
  const at::NoGradGuard no_grad;
  std::vector<std::vector<double>> pack_s(plan_.size());
  std::vector<std::vector<double>> unpack_s(plan_.size());
  std::vector<at::Tensor> flats;
  for (const double num_bytes : bytes_) {
    flats.push_back(at::zeros({static_cast<int64_t>(num_bytes) / 4}));
  }
  // All of one kind before the next, as a step does: no bucket is left in the
  // processor's caches.
  const auto copy_all = [&](bool is_packing, auto& times) {
    for (size_t b = 0; b < plan_.size(); ++b) {
      const auto begin = Clock::now();
      int64_t offset = 0;
      for (const size_t i : plan_[b]) {
        const auto& values = trained_[i];
        auto part =
            flats[b].narrow(0, offset, values.numel()).view(values.sizes());
        offset += values.numel();
        at::Tensor gradient = values.grad();
        NADIR_ASSERT(gradient.defined());
        if (is_packing) {
          part.copy_(gradient);
        } else {
          gradient.copy_(part);
        }
      }
      if (is_packing) {
        flats[b].mul_(1.0);
      }
      times[b].push_back(seconds_since(begin));
    }
  };
  for (int r = 0; r < kRepeats; ++r) {
    copy_all(true, pack_s);
    copy_all(false, unpack_s);
  }
  std::vector<BucketTime> times(plan_.size());
  for (size_t b = 0; b < plan_.size(); ++b) {
    times[b].num_bytes = bytes_[b];
    times[b].pack_s = median(pack_s[b]);
    times[b].unpack_s = median(unpack_s[b]);
  }
  return times;
}

train::MicroBatch random_batch(
    const train::PretrainConfig& config, int64_t num_bands) {
  const int64_t batch = config.optim.batch_size_per_gpu;
  const auto views = [&](int64_t count, int64_t side) {
    return at::randn({count * batch, num_bands, side, side});
  };
  train::MicroBatch result;
  result.num_images = batch;
  result.groups = {views(2, config.views.global_crop_size)};
  if (config.views.local_crops_number > 0) {
    result.groups.push_back(
        views(config.views.local_crops_number, config.views.local_crop_size));
  }
  return result;
}

// As in the midst of a run.
train::StepValues values_of(const train::OptimConfig& optim) {
  train::StepValues values;
  values.lr = 1e-5;
  values.weight_decay = optim.weight_decay;
  values.momentum = optim.momentum_teacher;
  values.teacher_temp = optim.teacher_temp;
  return values;
}

}  // namespace

void check_learner(const train::PretrainConfig& config, int64_t num_bands) {
  const train::DinoLearner learner(config, num_bands, at::kCPU);
}

ProfiledSteps profile_steps(
    const train::PretrainConfig& config,
    int64_t num_bands,
    int64_t num_steps,
    bool is_joined,
    const std::shared_ptr<const distributed::Communicator>& group) {
  constexpr int64_t kWarmUpSteps = 2;
  const auto alone = std::make_shared<distributed::Communicator>();
  train::DinoLearner learner(
      config, num_bands, at::kCPU, is_joined ? group : alone);
  BucketWatch watch(learner.parameters());
  const auto batch = random_batch(config, num_bands);
  const auto values = values_of(config.optim);

  ProfiledSteps result;
  result.num_parameters = learner.num_parameters();
  std::vector<double> forward_s;
  std::vector<double> backward_s;
  std::vector<double> update_s;
  std::vector<std::vector<double>> ready_s(watch.bytes().size());
  for (int64_t i = 0; i < kWarmUpSteps + num_steps; ++i) {
    if (i == kWarmUpSteps) {
      group->barrier();
    }
    stop_if_told("times measured so far");
    const auto start = Clock::now();
    watch.start();
    const auto step = learner.step(i, values, false, [&] { return batch; });
    const double step_s = seconds_since(start);
    if (i < kWarmUpSteps) {
      continue;
    }
    result.step_s.push_back(step_s);
    forward_s.push_back(step.forward_s);
    backward_s.push_back(step.backward_s);
    update_s.push_back(step_s - step.forward_s - step.backward_s);
    for (size_t b = 0; b < ready_s.size(); ++b) {
      ready_s[b].push_back(watch.ready_s()[b] - step.forward_s);
    }
  }
  auto& timeline = result.timeline;
  timeline.forward_s = median(forward_s);
  timeline.backward_s = median(backward_s);
  timeline.update_s = median(update_s);
  timeline.buckets = watch.copy_times();
  for (size_t b = 0; b < ready_s.size(); ++b) {
    timeline.buckets[b].ready_s = median(ready_s[b]);
  }
  // The centre's sum over images, and the loss with four statistics.
  timeline.late_sums_bytes = {
      4.0 * static_cast<double>(config.head.out_dim), 5 * 8.0};
  return result;
}

}  // namespace nadir::scaling
