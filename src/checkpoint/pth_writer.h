// Writes files that torch.load reads, with weights_only on or off, in the
// layouts of the reference DINO program (docs/dino.md).
#pragma once

#include <filesystem>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "checkpoint/safetensors.h"

namespace nadir::checkpoint {

// What the reference saves each epoch, but for the optimiser: it resumes from
// such a file with a fresh one, and says so. Names begin with `backbone.` and
// `head.`; the student's get the `module.` of the data-parallel wrapper.
struct FullCheckpoint {
  TensorMap student;
  TensorMap teacher;
  int64_t epoch = 0;  // the next one
  at::Tensor center;  // [1, K]
};

// A flat dictionary of the tensors, in the network's order. Replaces `path`
// atomically. Throws Error{kIo}; Error{kInvalidArgument} beyond 4 GiB or for
// types that torch.save stores otherwise (unsigned 16 to 64 bits, 8-bit
// floats).
void write_pth_backbone(
    const std::filesystem::path& path, const TensorMap& backbone);

// `args` is stored as a plain dictionary, where the reference stores an
// argparse.Namespace: so torch.load reads it with weights_only on, too.
void write_pth_full(
    const std::filesystem::path& path,
    const FullCheckpoint& checkpoint,
    const nlohmann::json& args);

}  // namespace nadir::checkpoint
