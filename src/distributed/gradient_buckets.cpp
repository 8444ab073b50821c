#include "distributed/gradient_buckets.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "core/error.h"

namespace nadir::distributed {

struct GradientBuckets::Bucket {
  std::vector<at::Tensor> parameters;
  at::Tensor flat;                // their gradients, one after the other
  std::vector<at::Tensor> parts;  // of flat, each in its parameter's shape
  int64_t num_pending = 0;
  std::function<void()> wait;
};

// Runs when a parameter's gradient of this backward pass is complete.
class GradientBuckets::Hook : public torch::autograd::FunctionPostHook {
 public:
  Hook(GradientBuckets* owner, size_t bucket)
      : owner_(owner), bucket_(bucket) {}

  torch::autograd::variable_list operator()(
      const torch::autograd::variable_list& outputs,
      const torch::autograd::variable_list&) override {
    owner_->note_ready(bucket_);
    return outputs;
  }

 private:
  GradientBuckets* owner_;
  size_t bucket_;
};

GradientBuckets::GradientBuckets(
    const std::vector<at::Tensor>& parameters,
    std::shared_ptr<const Communicator> communicator,
    int64_t bucket_bytes)
    : communicator_(std::move(communicator)) {
  if (communicator_->world_size() == 1) {
    return;
  }
  std::vector<at::Tensor> trained;
  std::vector<int64_t> num_bytes;
  for (const auto& parameter : parameters) {
    if (parameter.requires_grad()) {
      NADIR_ASSERT(parameter.scalar_type() == at::kFloat);
      trained.push_back(parameter);
      num_bytes.push_back(static_cast<int64_t>(parameter.nbytes()));
    }
  }
  for (const auto& plan : plan_buckets(num_bytes, bucket_bytes)) {
    buckets_.push_back(std::make_unique<Bucket>());
    for (const size_t i : plan) {
      buckets_.back()->parameters.push_back(trained[i]);
      const auto accumulator =
          torch::autograd::impl::grad_accumulator(trained[i]);
      const auto key = accumulator->add_post_hook(
          std::make_unique<Hook>(this, buckets_.size() - 1));
      remove_hooks_.push_back(
          [accumulator, key] { accumulator->del_post_hook(key); });
    }
  }
  for (auto& bucket : buckets_) {
    int64_t size = 0;
    for (const auto& parameter : bucket->parameters) {
      size += parameter.numel();
    }
    bucket->flat = at::zeros({size}, bucket->parameters.front().options());
    int64_t begin = 0;
    for (const auto& parameter : bucket->parameters) {
      bucket->parts.push_back(bucket->flat.narrow(0, begin, parameter.numel())
                                  .view(parameter.sizes()));
      begin += parameter.numel();
    }
  }
}

GradientBuckets::~GradientBuckets() {
  for (const auto& remove : remove_hooks_) {
    remove();
  }
}

void GradientBuckets::begin() {
  for (auto& bucket : buckets_) {
    bucket->num_pending = static_cast<int64_t>(bucket->parameters.size());
  }
  num_launched_ = 0;
  is_armed_ = true;
}

void GradientBuckets::note_ready(size_t bucket) {
  if (is_armed_) {
    --buckets_[bucket]->num_pending;
    launch_ready();
  }
}

void GradientBuckets::launch_ready() {
  while (num_launched_ < buckets_.size() &&
         buckets_[num_launched_]->num_pending == 0) {
    launch(*buckets_[num_launched_]);
    ++num_launched_;
  }
}

void GradientBuckets::launch(Bucket& bucket) {
  const at::NoGradGuard no_grad;
  const double share = 1.0 / static_cast<double>(communicator_->world_size());
  for (size_t i = 0; i < bucket.parts.size(); ++i) {
    const at::Tensor& gradient = bucket.parameters[i].grad();
    if (gradient.defined()) {
      bucket.parts[i].copy_(gradient);
    } else {
      bucket.parts[i].zero_();
    }
  }
  bucket.flat.mul_(share);
  bucket.wait = communicator_->start_sum(bucket.flat);
}

void GradientBuckets::finish() {
  is_armed_ = false;
  const at::NoGradGuard no_grad;
  for (; num_launched_ < buckets_.size(); ++num_launched_) {
    launch(*buckets_[num_launched_]);
  }
  for (auto& bucket : buckets_) {
    bucket->wait();
    for (size_t i = 0; i < bucket->parts.size(); ++i) {
      at::Tensor& gradient = bucket->parameters[i].mutable_grad();
      if (gradient.defined()) {
        gradient.copy_(bucket->parts[i]);
      } else {
        gradient = bucket->parts[i].clone();
      }
    }
  }
}

}  // namespace nadir::distributed
