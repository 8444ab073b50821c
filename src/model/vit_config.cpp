#include "model/vit_config.h"

#include <utility>

#include "core/config.h"
#include "core/error.h"

namespace nadir::model {
namespace {

const std::vector<std::pair<std::string, VitShape>>& shapes() {
  static const std::vector<std::pair<std::string, VitShape>> table = {
      {"vit_nano", {.dim = 128, .num_heads = 2, .depth = 6}},
      {"vit_tiny", {.dim = 192, .num_heads = 3, .depth = 12}},
      {"vit_small", {.dim = 384, .num_heads = 6, .depth = 12}},
      {"vit_base", {.dim = 768, .num_heads = 12, .depth = 12}},
  };
  return table;
}

// The reference program's other spelling of two of them.
std::string canonical_name(const std::string& arch) {
  if (arch == "deit_tiny" || arch == "deit_small") {
    return "vit_" + arch.substr(5);
  }
  return arch;
}

}  // namespace

std::vector<std::string> vit_names() {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes()) {
    names.push_back(name);
  }
  return names;
}

VitShape vit_shape(const std::string& arch) {
  const std::string wanted = canonical_name(arch);
  for (const auto& [name, shape] : shapes()) {
    if (name == wanted) {
      return shape;
    }
  }
  fail(
      ErrorCode::kInvalidArgument,
      "arch '{}' is not one of {}{}; torchvision's convnets and XCiT, which "
      "the reference program also takes, are not offered",
      arch,
      join(vit_names(), ", "),
      did_you_mean(wanted, vit_names()));
}

int64_t position_grid_side(const VitConfig& config) {
  NADIR_CHECK(
      config.patch_size > 0,
      "patch_size must be > 0, got {}",
      config.patch_size);
  NADIR_CHECK(
      config.image_size > 0 && config.image_size % config.patch_size == 0,
      "the global crop of {} px is not a multiple of patch_size {}; {} px "
      "would be",
      config.image_size,
      config.patch_size,
      (config.image_size / config.patch_size + 1) * config.patch_size);
  return config.image_size / config.patch_size;
}

}  // namespace nadir::model
