// Runs one piece of the training on given tensors, for the parity tests:
//
//   network_probe backbone|head|loss|schedules|optimizer|train IN OUT
//
// IN and OUT are safetensors files; settings are IN's metadata.
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "checkpoint/safetensors.h"
#include "model/device.h"
#include "model/drop_path.h"
#include "model/module.h"
#include "optim/gradients.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "ssl/dino_loss.h"
#include "train/dino_learner.h"
#include "train/schedules.h"

namespace {

using namespace nadir;  // NOLINT: a program of one file
using checkpoint::SafetensorsFile;
using checkpoint::TensorMap;

int64_t integer(const SafetensorsFile& in, const std::string& key) {
  return std::stoll(in.metadata.at(key));
}

double number(const SafetensorsFile& in, const std::string& key) {
  return std::stod(in.metadata.at(key));
}

// ".3": what the names of a step's tensors end in.
std::string suffix_of(int64_t step) {
  return fmt::format(".{}", step);
}

void load(model::Module& module, const TensorMap& tensors) {
  const at::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    item.tensor.copy_(tensors.at(item.name));
  }
}

model::VitConfig vit_config(const SafetensorsFile& in) {
  return {
      .arch = in.metadata.at("arch"),
      .patch_size = integer(in, "patch_size"),
      .drop_path_rate = 0,
      .image_size = integer(in, "image_size")};
}

model::HeadConfig head_config(const SafetensorsFile& in) {
  return {
      .out_dim = integer(in, "out_dim"),
      .norm_last_layer = in.metadata.at("norm_last_layer") == "1",
      .head_hidden_dim = integer(in, "hidden"),
      .head_bottleneck_dim = integer(in, "bottleneck")};
}

TensorMap run_backbone(const SafetensorsFile& in) {
  const at::NoGradGuard no_grad;
  model::VisionTransformer vit(vit_config(in));
  load(vit, in.tensors);
  const at::Tensor& images = in.tensors.at("images");
  TensorMap out = {
      {"cls", vit.forward(images)},
      {"tokens", vit.forward_tokens(images)},
      {"attention", vit.last_attention(images)}};
  const auto blocks = vit.intermediate_tokens(images, 4);
  for (size_t i = 0; i < blocks.size(); ++i) {
    out["block." + std::to_string(i)] = blocks[i];
  }
  return out;
}

TensorMap run_head(const SafetensorsFile& in) {
  const auto features = in.tensors.at("features").requires_grad_();
  model::DinoHead head(features.size(1), head_config(in));
  load(head, in.tensors);
  const auto logits = head.forward(features);
  logits.backward(in.tensors.at("grad_logits"));
  TensorMap out = {
      {"logits", logits.detach()}, {"grad.features", features.grad()}};
  for (const auto& item : head.named_parameters()) {
    if (item.tensor.grad().defined()) {
      out["grad." + item.name] = item.tensor.grad();
    }
  }
  return out;
}

TensorMap run_loss(const SafetensorsFile& in) {
  const int64_t num_steps = integer(in, "num_steps");
  ssl::DinoLoss loss(integer(in, "out_dim"), {});
  TensorMap out;
  for (int64_t step = 0; step < num_steps; ++step) {
    const std::string suffix = suffix_of(step);
    const auto student = in.tensors.at("student" + suffix).requires_grad_();
    const at::Tensor& teacher = in.tensors.at("teacher" + suffix);
    ssl::DinoStatistics statistics;
    const auto value =
        loss.forward(student, teacher, number(in, "teacher_temp"), &statistics);
    value.backward();
    loss.accumulate_center(teacher);
    loss.apply_center_update();
    out["loss" + suffix] = value.detach();
    out["grad" + suffix] = student.grad();
    out["center" + suffix] = loss.center().clone();
    out["entropy" + suffix] =
        at::tensor({statistics.teacher_entropy, statistics.kl}, at::kDouble);
  }
  return out;
}

at::Tensor to_tensor(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}

TensorMap run_schedules(const SafetensorsFile& in) {
  const int64_t num_steps = integer(in, "num_steps");
  const int64_t warmup = integer(in, "warmup_steps");
  return {
      {"lr",
       to_tensor(optim::cosine_schedule(
           optim::scaled_learning_rate(0.0005, integer(in, "global_batch")),
           1e-6,
           num_steps,
           warmup))},
      {"weight_decay", to_tensor(optim::cosine_schedule(0.04, 0.4, num_steps))},
      {"momentum", to_tensor(optim::cosine_schedule(0.996, 1, num_steps))},
      {"teacher_temp",
       to_tensor(optim::teacher_temp_schedule(0.04, 0.07, 100, 30))}};
}

// A module that holds the tensors named "start.*".
struct Parameters : model::Module {
  explicit Parameters(const TensorMap& tensors) {
    for (const auto& [name, tensor] : tensors) {
      if (name.starts_with("start.")) {
        register_parameter(name.substr(6), tensor);
      }
    }
  }
};

TensorMap run_optimizer(const SafetensorsFile& in) {
  Parameters parameters(in.tensors);
  const auto optimizer = optim::make_optimizer(
      in.metadata.at("rule"), optim::make_parameter_groups(parameters));
  for (int64_t step = 0; step < integer(in, "num_steps"); ++step) {
    for (auto& item : parameters.named_parameters()) {
      item.tensor.mutable_grad() =
          in.tensors.at("grad." + item.name + suffix_of(step));
    }
    optimizer->step(number(in, "lr"), number(in, "weight_decay"));
  }
  TensorMap out;
  for (const auto& item : parameters.named_parameters()) {
    out[item.name] = item.tensor.detach();
  }
  return out;
}

train::PretrainConfig train_config(const SafetensorsFile& in) {
  train::PretrainConfig config;
  config.model = vit_config(in);
  config.model.drop_path_rate = number(in, "drop_path_rate");
  config.head = head_config(in);
  config.views.global_crop_size = integer(in, "image_size");
  config.views.local_crop_size = integer(in, "local_size");
  auto& optim = config.optim;
  optim.optimizer = in.metadata.at("rule");
  optim.epochs = integer(in, "num_steps");  // one step each
  optim.accumulate = integer(in, "accumulate");
  optim.batch_size_per_gpu = integer(in, "num_images") / optim.accumulate;
  optim.lr = number(in, "lr");
  optim.warmup_epochs = 3;
  optim.clip_grad = number(in, "clip_grad");
  optim.freeze_last_layer = integer(in, "freeze_steps");
  optim.momentum_teacher = 0.9;
  optim.teacher_temp = 0.07;
  optim.warmup_teacher_temp_epochs = 4;
  return config;
}

// Student and teacher from the weights of IN.
void load_start(train::DinoLearner& learner, const SafetensorsFile& in) {
  TensorMap state;
  for (const auto& [name, tensor] : in.tensors) {
    if (name.starts_with("backbone.") || name.starts_with("head.")) {
      state["student." + name] = tensor;
      state["teacher." + name] = tensor;
    }
  }
  state["dino_loss.center"] = at::zeros({1, integer(in, "out_dim")});
  learner.load_state(state);
}

// Stochastic depth of one group of views, for the reference to draw alike.
at::Tensor drop_path_of(
    const train::PretrainConfig& config,
    int64_t step,
    int64_t first_view,
    int64_t num_rows) {
  model::DropPathKey key;
  key.step = static_cast<uint64_t>(step);
  key.images_per_view =
      config.optim.batch_size_per_gpu * config.optim.accumulate;
  key.first_view = first_view;
  return model::draw_drop_path(
      key,
      config.model.drop_path_rate,
      model::vit_shape(config.model.arch).depth,
      num_rows);
}

// Whole steps of the real learner, with the real schedules.
TensorMap run_train(const SafetensorsFile& in) {
  const auto config = train_config(in);
  const train::Schedules schedules(
      config.optim,
      /*steps_per_epoch=*/1,
      train::images_per_step(config.optim, 1));
  train::DinoLearner learner(config, 3, at::kCPU);
  load_start(learner, in);
  const int64_t part = config.optim.batch_size_per_gpu;
  const int64_t num_images = part * config.optim.accumulate;
  TensorMap out;
  std::vector<double> losses;
  for (int64_t step = 0; step < schedules.num_steps(); ++step) {
    const std::string suffix = suffix_of(step);
    const at::Tensor& large = in.tensors.at("global" + suffix);
    const at::Tensor& small = in.tensors.at("local" + suffix);
    int64_t first_image = 0;
    const auto next = [&] {
      train::MicroBatch batch;
      for (const auto& views : {large, small}) {
        batch.groups.push_back(views.unflatten(0, {-1, num_images})
                                   .narrow(1, first_image, part)
                                   .flatten(0, 1));
      }
      batch.num_images = part;
      first_image += part;
      return batch;
    };
    losses.push_back(learner.step(step, schedules.at(step), false, next).loss);
    out["drop_path.global" + suffix] =
        drop_path_of(config, step, 0, large.size(0));
    out["drop_path.local" + suffix] =
        drop_path_of(config, step, large.size(0) / num_images, small.size(0));
  }
  out["losses"] = to_tensor(losses);
  for (const auto& [name, tensor] : learner.state()) {
    out[name] = tensor;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<TensorMap(const SafetensorsFile&)>>
      pieces = {
          {"backbone", run_backbone},
          {"head", run_head},
          {"loss", run_loss},
          {"schedules", run_schedules},
          {"optimizer", run_optimizer},
          {"train", run_train}};
  if (argc != 4 || !pieces.contains(argv[1])) {
    std::cerr << "network_probe backbone|head|loss|schedules|optimizer|train "
                 "IN OUT\n";
    return 2;
  }
  try {
    model::tune_allocator();
    checkpoint::write_safetensors(
        argv[3], pieces.at(argv[1])(checkpoint::read_safetensors(argv[2])));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
