#include "train/dino_learner.h"

#include <chrono>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "checkpoint/module_state.h"
#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "optim/parameter_groups.h"
#include "train/check_config.h"

namespace nadir::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int64_t num_views_of(const MicroBatch& batch) {
  int64_t num_rows = 0;
  for (const auto& group : batch.groups) {
    num_rows += group.size(0);
  }
  return num_rows / batch.num_images;
}

// What goes forward and back together: all views, or those of each size.
std::vector<MicroBatch> parts_of(const MicroBatch& batch, bool per_crop_size) {
  if (!per_crop_size) {
    return {batch};
  }
  std::vector<MicroBatch> parts;
  for (const auto& group : batch.groups) {
    parts.push_back({{group}, batch.num_images});
  }
  return parts;
}

std::shared_ptr<ssl::MultiCropNetwork> make_student(
    const PretrainConfig& config, int64_t num_bands, at::Device device) {
  check_config(config);
  NADIR_CHECK(
      !config.model.checkpoint_activations ||
          (device.is_cpu() && config.run.precision == "fp32"),
      "checkpoint_activations works on the CPU in fp32, not on {} in {}; leave "
      "it out, or lower batch_size_per_gpu and raise accumulate",
      device.str(),
      config.run.precision);
  model::VitConfig vit = config.model;
  vit.image_size = config.views.global_crop_size;
  vit.in_channels = num_bands;
  auto student = std::make_shared<ssl::MultiCropNetwork>(vit, config.head);
  RandomStream random(
      static_cast<uint64_t>(config.run.seed), StreamPurpose::kInit);
  student->init_weights(random);
  student->to(device);
  return student;
}

// RankMe: exp of the entropy of the singular values' shares. Garrido et al.
// 2023, arXiv:2210.02885.
double effective_rank(const at::Tensor& features_ND) {
  const auto values = at::linalg_svdvals(features_ND.to(at::kDouble));
  const auto share = values / values.sum() + 1e-7;
  return std::exp(-(share * share.log()).sum().item<double>());
}

void add_statistics(
    ssl::DinoStatistics& sum, const ssl::DinoStatistics& part, double weight) {
  sum.loss += weight * part.loss;
  sum.teacher_entropy += weight * part.teacher_entropy;
  sum.student_entropy += weight * part.student_entropy;
  sum.kl += weight * part.kl;
  const auto mean_K = part.mean_target_K * weight;
  sum.mean_target_K =
      sum.mean_target_K.defined() ? sum.mean_target_K + mean_K : mean_K;
  sum.prototypes.insert(
      sum.prototypes.end(), part.prototypes.begin(), part.prototypes.end());
}

// The buffers of batch normalisation move in forward already.
class BufferCopies {
 public:
  void add(const model::Module& module) {
    for (const auto& buffer : module.buffers()) {
      copies_.emplace_back(buffer, buffer.clone());
    }
  }

  void restore() const {
    const at::NoGradGuard no_grad;
    for (const auto& [buffer, copy] : copies_) {
      buffer.copy_(copy);
    }
  }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> copies_;
};

}  // namespace

DinoLearner::DinoLearner(
    const PretrainConfig& config,
    int64_t num_bands,
    at::Device device,
    std::shared_ptr<const distributed::Communicator> group)
    : config_(config),
      device_(device),
      precision_(model::choose_precision(
          config.run.precision, model::Use::kTraining, device)),
      student_(make_student(config, num_bands, device)),
      teacher_(*student_),
      loss_(config.head.out_dim, config.loss),
      optimizer_(optim::make_optimizer(
          config.optim.optimizer, optim::make_parameter_groups(*student_))),
      group_(std::move(group)),
      buckets_(std::make_unique<distributed::GradientBuckets>(
          student_->parameters(), group_)) {
  loss_.to(device);
  student_->train();
  student_->head().share_batch_norm(group_);
  teacher_.network().head().share_batch_norm(group_);
}

void DinoLearner::accumulate(
    const MicroBatch& batch,
    const StepValues& values,
    const model::DropPathKey& drop_path,
    bool is_last,
    StepResult& result,
    std::vector<at::Tensor>& features) {
  const auto start = Clock::now();
  MicroBatch views{{}, batch.num_images};
  for (const auto& group : batch.groups) {
    views.groups.push_back(group.to(device_, /*non_blocking=*/true));
  }
  at::Tensor features_GBD;
  at::Tensor teacher_GBK;
  {
    const at::NoGradGuard no_grad;
    const model::AutocastGuard autocast(precision_, device_);
    features_GBD =
        teacher_.network().features({views.groups.front()}, batch.num_images);
    teacher_GBK = teacher_.network().project(features_GBD, batch.num_images);
  }
  ssl::DinoStatistics statistics;
  auto* const wanted = result.has_statistics ? &statistics : nullptr;
  const auto targets = loss_.targets(teacher_GBK, values.teacher_temp, wanted);
  result.forward_s += seconds_since(start);

  const auto parts = parts_of(views, config_.optim.backward_per_crop_size);
  auto key = drop_path;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_last && i + 1 == parts.size()) {
      buckets_->begin();
    }
    learn_views(parts[i], num_views_of(views), targets, key, result, wanted);
    key.first_view += num_views_of(parts[i]);
  }
  if (result.has_statistics) {
    add_statistics(
        result.statistics,
        statistics,
        1.0 / static_cast<double>(config_.optim.accumulate));
    features.push_back(
        features_GBD.to(at::kFloat).reshape({-1, features_GBD.size(-1)}));
  }
  loss_.accumulate_center(teacher_GBK);
}

void DinoLearner::learn_views(
    const MicroBatch& views,
    int64_t num_views_in_all,
    const ssl::DinoTargets& targets,
    const model::DropPathKey& drop_path,
    StepResult& result,
    ssl::DinoStatistics* statistics) {
  const auto start = Clock::now();
  const double weight = 1.0 / static_cast<double>(config_.optim.accumulate);
  at::Tensor student_VBK;
  {
    const model::AutocastGuard autocast(precision_, device_);
    student_VBK = student_->forward(views.groups, views.num_images, drop_path);
  }
  // The logits end here: backward needs none of them.
  const auto loss = loss_.forward(
      {std::move(student_VBK), drop_path.first_view, num_views_in_all},
      targets,
      statistics);
  result.forward_s += seconds_since(start);
  const auto forward_end = Clock::now();
  (loss * weight).backward();
  result.loss += weight * loss.item<double>();  // waits for a GPU's work
  result.backward_s += seconds_since(forward_end);
}

void DinoLearner::share_result(
    StepResult& result, const std::vector<at::Tensor>& features) const {
  auto& mean = result.statistics;
  auto numbers = at::tensor(
      {result.loss,
       mean.loss,
       mean.teacher_entropy,
       mean.student_entropy,
       mean.kl},
      at::kDouble);
  group_->sum(numbers);
  numbers /= static_cast<double>(group_->world_size());
  result.loss = numbers[0].item<double>();
  if (!result.has_statistics) {
    return;
  }
  mean.loss = numbers[1].item<double>();
  mean.teacher_entropy = numbers[2].item<double>();
  mean.student_entropy = numbers[3].item<double>();
  mean.kl = numbers[4].item<double>();
  mean.mean_target_K /= static_cast<double>(group_->world_size());
  group_->sum(mean.mean_target_K);
  const auto prototypes =
      group_->gather(at::tensor(mean.prototypes, at::kLong)).flatten();
  const auto* first = prototypes.const_data_ptr<int64_t>();
  mean.prototypes.assign(first, first + prototypes.numel());
  const auto features_RND = group_->gather(at::cat(features));
  // The rank of what is not finite is an error of LibTorch's.
  if (std::isfinite(result.loss)) {
    result.feature_rank =
        effective_rank(features_RND.reshape({-1, features_RND.size(-1)}));
  }
}

StepResult DinoLearner::step(
    int64_t step_index,
    const StepValues& values,
    bool with_statistics,
    const NextMicroBatch& next) {
  StepResult result;
  result.has_statistics = with_statistics;
  optim::drop_gradients(optimizer_->groups());
  BufferCopies buffers;
  buffers.add(*student_);
  buffers.add(teacher_.network());
  model::DropPathKey drop_path;
  drop_path.seed = static_cast<uint64_t>(config_.run.seed);
  drop_path.step = static_cast<uint64_t>(step_index);
  const auto undo = [&] {
    buffers.restore();
    loss_.discard_center_update();
    optim::drop_gradients(optimizer_->groups());
  };
  try {
    std::vector<at::Tensor> features;
    for (int64_t i = 0; i < config_.optim.accumulate; ++i) {
      const MicroBatch batch = next();
      drop_path.images_per_view = batch.num_images;
      drop_path.first_image =
          (i * group_->world_size() + group_->rank()) * batch.num_images;
      const bool is_last = i + 1 == config_.optim.accumulate;
      accumulate(batch, values, drop_path, is_last, result, features);
    }
    buckets_->finish();
    loss_.share_center_update(*group_);
    share_result(result, features);
  } catch (...) {
    undo();
    throw;
  }
  result.gradients =
      optim::clip_gradients(optimizer_->groups(), config_.optim.clip_grad);
  result.is_finite = std::isfinite(result.loss) && result.gradients.is_finite;
  if (!result.is_finite) {
    undo();
    return result;
  }
  if (values.is_last_layer_frozen) {
    optim::drop_last_layer_gradients(optimizer_->groups());
  }
  optimizer_->step(values.lr, values.weight_decay);
  teacher_.update(*student_, values.momentum);
  loss_.apply_center_update();
  if (with_statistics) {
    result.center_norm = loss_.center().norm().item<double>();
    result.teacher_distance = teacher_.relative_distance(*student_);
  }
  return result;
}

void DinoLearner::load_backbone(const checkpoint::TensorMap& backbone) {
  const at::NoGradGuard no_grad;
  for (auto* network : {student_.get(), &teacher_.network()}) {
    for (auto& item : network->backbone().named_parameters()) {
      const auto found = backbone.find(item.name);
      NADIR_CHECK(
          found != backbone.end(), "the initial weights lack {}", item.name);
      NADIR_CHECK(
          found->second.sizes() == item.tensor.sizes(),
          "{} of the initial weights is {}, the network wants {}",
          item.name,
          fmt::format("[{}]", fmt::join(found->second.sizes().vec(), ", ")),
          fmt::format("[{}]", fmt::join(item.tensor.sizes().vec(), ", ")));
      item.tensor.copy_(found->second);
    }
  }
}

void DinoLearner::share_state() {
  if (group_->world_size() == 1) {
    return;
  }
  // The others may lack what the optimiser makes as it goes.
  auto own = state();
  nlohmann::json shapes;
  for (const auto& [name, tensor] : own) {
    shapes[name] = tensor.sizes().vec();
  }
  std::string text = json_text(shapes);
  group_->broadcast_text(text);
  const auto of_first = parse_json(text);
  checkpoint::TensorMap shared;
  for (const auto& [name, shape] : of_first.items()) {
    shared[name] = own.contains(name)
                       ? own[name]
                       : at::zeros(
                             shape.get<std::vector<int64_t>>(),
                             at::TensorOptions(at::kFloat).device(device_));
    group_->broadcast(shared[name]);
  }
  if (!group_->is_first()) {
    load_state(shared);
  }
}

void DinoLearner::check_same_state() const {
  if (group_->world_size() == 1) {
    return;  // the sums are work
  }
  auto sum = at::zeros({1}, at::TensorOptions(at::kDouble).device(device_));
  for (const auto& [name, tensor] : network_state()) {
    if (tensor.is_floating_point()) {
      sum += tensor.sum(at::kDouble);
    }
  }
  const auto sums = group_->gather(sum).flatten();
  for (int64_t rank = 1; rank < group_->world_size(); ++rank) {
    // Bits, so that numbers which are not finite compare as well.
    if (!at::equal(sums[rank].view(at::kLong), sums[0].view(at::kLong))) {
      fail(
          ErrorCode::kDistributed,
          "rank {} has other parameters than rank 0 (sums {} and {}); its "
          "memory or its program is faulty",
          rank,
          sums[rank].item<double>(),
          sums[0].item<double>());
    }
  }
}

checkpoint::TensorMap DinoLearner::network_state() const {
  auto tensors = checkpoint::state_of(*student_, "student.");
  tensors.merge(checkpoint::state_of(teacher_.network(), "teacher."));
  tensors.merge(checkpoint::state_of(loss_, "dino_loss."));
  return tensors;
}

checkpoint::TensorMap DinoLearner::state() const {
  auto tensors = network_state();
  for (const auto& [name, tensor] : optimizer_->state()) {
    tensors["optimizer." + name] = tensor;
  }
  return tensors;
}

void DinoLearner::load_state(const checkpoint::TensorMap& state) {
  constexpr std::string_view kOptimizer = "optimizer.";
  const auto own = network_state();
  const auto refuse = [](const std::string& name, const char* what) {
    fail(
        ErrorCode::kCorruptData,
        "the checkpoint's tensor {} is {}; it was saved by another "
        "configuration or program version",
        name,
        what);
  };
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      refuse(name, "missing");
    }
    if (found->second.sizes() != tensor.sizes()) {
      refuse(name, "of another shape");
    }
  }
  std::map<std::string, at::Tensor> optimizer_state;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(kOptimizer)) {
      optimizer_state[name.substr(kOptimizer.size())] = tensor;
    } else if (!own.contains(name)) {
      refuse(name, "not of this network");
    }
  }
  optimizer_->load_state(optimizer_state);
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : own) {
    tensor.copy_(state.at(name));
  }
}

int64_t DinoLearner::num_parameters() const {
  int64_t count = 0;
  for (const auto& parameter : student_->parameters()) {
    count += parameter.numel();
  }
  return count;
}

}  // namespace nadir::train
