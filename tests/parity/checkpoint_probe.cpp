// What checkpoint_parity.py drives: reads and writes the file formats of the
// checkpoint room, one conversion a call.
//
//   checkpoint_probe pth-to-safetensors IN OUT   tensors named by their path
//   checkpoint_probe pth-to-json IN              plain data on standard output
//   checkpoint_probe copy-safetensors IN OUT
//   checkpoint_probe write-pth IN OUT            flat layout
//   checkpoint_probe features WEIGHTS OUT IN     of the tensor "images" in IN
//   checkpoint_probe write-full-pth IN OUT       IN holds backbone.* and head.*
#include <cstdio>
#include <functional>
#include <iostream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include "checkpoint/module_state.h"
#include "checkpoint/pth_reader.h"
#include "checkpoint/pth_writer.h"
#include "core/error.h"

namespace nadir::checkpoint {
namespace {

void collect(
    PthFile& file,
    const PickleValue& value,
    const std::string& path,
    TensorMap& tensors) {
  if (is_tensor(value)) {
    tensors[path] = file.read_tensor(value);
  }
  for (const auto& [key, item] : value.entries) {
    const std::string name = key->kind == PickleValue::Kind::kText
                                 ? key->text
                                 : std::to_string(key->integer);
    collect(file, *item, path.empty() ? name : path + "/" + name, tensors);
  }
}

void write_features(const char* weights, const char* dst, const char* images) {
  const at::NoGradGuard no_grad;
  WeightsOptions options;
  options.path = weights;
  const auto backbone = make_backbone(load_weights(options));
  write_safetensors(
      dst,
      {{"features",
        backbone->forward(read_safetensors(images).tensors.at("images"))}});
}

int run(
    const std::string& verb,
    const char* src,
    const char* dst,
    const char* extra) {
  if (verb == "pth-to-safetensors") {
    PthFile file(src);
    TensorMap tensors;
    collect(file, file.root(), "", tensors);
    write_safetensors(dst, tensors);
  } else if (verb == "pth-to-json") {
    std::cout << to_json(PthFile(src).root()).dump() << "\n";
  } else if (verb == "copy-safetensors") {
    const SafetensorsFile file = read_safetensors(src);
    write_safetensors(dst, file.tensors, file.metadata);
  } else if (verb == "write-pth") {
    write_pth_backbone(dst, read_safetensors(src).tensors);
  } else if (verb == "features") {
    write_features(src, dst, extra);
  } else if (verb == "write-full-pth") {
    FullCheckpoint full;
    full.student = full.teacher = read_safetensors(src).tensors;
    full.epoch = 12;
    full.center = at::full({1, 8}, 0.25);
    write_pth_full(dst, full, {{"arch", "vit_tiny"}, {"lr", 0.0005}});
  } else {
    std::cerr << "unknown verb " << verb << "\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace nadir::checkpoint

int main(int argc, char** argv) {
  try {
    return nadir::checkpoint::run(
        argc > 1 ? argv[1] : "",
        argc > 2 ? argv[2] : "",
        argc > 3 ? argv[3] : "",
        argc > 4 ? argv[4] : "");
  } catch (const nadir::Error& error) {
    std::cerr << error.what() << "\n";
    return nadir::exit_code(error.code());
  }
}
