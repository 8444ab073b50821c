// Weights and probes in what an earlier job has left: a run folder (its
// checkpoints as the platform synchronised them), a model folder, or a
// model.tar.gz.
#pragma once

#include <filesystem>

namespace nadir::container {

// What `--weights` takes of `source`, looked for in its folders too: a run or a
// checkpoint, else a model.tar.gz (unpacked below `scratch`), else a
// .safetensors, else the newest .pth by its name. A file is taken as it is, or
// unpacked. Throws Error{kNotFound} where there is nothing of these, and
// Error{kInvalidArgument} naming all where there are several of one kind.
[[nodiscard]] std::filesystem::path find_weights(
    const std::filesystem::path& source, const std::filesystem::path& scratch);

// The same for the folder of a probe.json.
[[nodiscard]] std::filesystem::path find_probe(
    const std::filesystem::path& source, const std::filesystem::path& scratch);

}  // namespace nadir::container
