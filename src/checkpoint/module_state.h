// Between modules and the named tensors that checkpoints hold.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/safetensors.h"
#include "checkpoint/weights.h"
#include "model/module.h"
#include "model/vision_transformer.h"

namespace nadir::checkpoint {

// The module's parameters and buffers by name, each behind `prefix`
// ("teacher.backbone."). They share the module's memory.
[[nodiscard]] TensorMap state_of(
    const model::Module& module, const std::string& prefix = "");

// Copies the tensors that begin with `prefix` into the module's parameters and
// buffers, whatever device and type those have. Strict: throws
// Error{kInvalidArgument} naming `source` and the keys unless every name and
// shape agrees; then the module is as it was.
void load_state(
    model::Module& module,
    const TensorMap& tensors,
    const std::string& source,
    const std::string& prefix = "");

// The network of these weights, on the CPU, in evaluation mode, without
// gradients.
[[nodiscard]] std::shared_ptr<model::VisionTransformer> make_backbone(
    const Weights& weights);

}  // namespace nadir::checkpoint
