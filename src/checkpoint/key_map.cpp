#include "checkpoint/key_map.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"

namespace nadir::checkpoint {
namespace {

constexpr size_t kMaxNamed = 5;  // names in a message; the report has all

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::string strip(const std::string& name, const std::string& prefix) {
  return starts_with(name, prefix) ? name.substr(prefix.size()) : name;
}

const at::Tensor& require_tensor(
    const TensorMap& tensors, const std::string& name, int64_t num_dims) {
  const auto found = tensors.find(name);
  NADIR_CHECK(
      found != tensors.end(),
      "these are no weights of a ViT: '{}' is missing ({} tensors there{})",
      name,
      tensors.size(),
      tensors.empty() ? ""
                      : ", the first named '" + tensors.begin()->first + "'");
  NADIR_CHECK(
      found->second.dim() == num_dims,
      "'{}' must have {} dimensions, has {}",
      name,
      num_dims,
      found->second.dim());
  return found->second;
}

std::string few(const std::vector<std::string>& names) {
  const std::vector<std::string> first(
      names.begin(),
      names.begin() +
          static_cast<std::ptrdiff_t>(std::min(names.size(), kMaxNamed)));
  return fmt::format(
      "{} ({}{})",
      names.size(),
      join(first, ", "),
      names.size() > kMaxNamed ? ", ..." : "");
}

// "blocks.0.3.norm1.weight": the chunk, then the block.
bool is_chunked(const std::string& name) {
  const size_t dot = starts_with(name, "blocks.") ? name.find('.', 7) : 0;
  return dot != 0 && dot != std::string::npos && dot + 1 < name.size() &&
         name[dot + 1] >= '0' && name[dot + 1] <= '9';
}

// weight and bias of `name`, scaled row by row: diag(gamma) (W x + b).
void scale_outputs(
    TensorMap& tensors, const std::string& name, const at::Tensor& gamma) {
  const at::Tensor& weight = require_tensor(tensors, name + ".weight", 2);
  const at::Tensor& bias = require_tensor(tensors, name + ".bias", 1);
  NADIR_CHECK(
      gamma.dim() == 1 && gamma.size(0) == weight.size(0) &&
          gamma.size(0) == bias.size(0),
      "the LayerScale of '{}' does not have its {} outputs",
      name,
      weight.size(0));
  tensors[name + ".weight"] = weight * gamma.unsqueeze(1);
  tensors[name + ".bias"] = bias * gamma;
}

}  // namespace

nlohmann::json to_json(const KeyReport& report) {
  return {
      {"matched", report.matched},
      {"missing", report.missing},
      {"unexpected", report.unexpected},
      {"mismatched", report.mismatched},
      {"resized", report.resized},
      {"folded", report.folded},
      {"dropped", report.dropped}};
}

TensorMap select_backbone(const TensorMap& tensors, KeyReport& report) {
  const bool is_wrapped =
      std::any_of(tensors.begin(), tensors.end(), [](const auto& item) {
        return starts_with(strip(item.first, "module."), "backbone.");
      });
  TensorMap backbone;
  for (const auto& [name, tensor] : tensors) {
    const std::string bare = strip(name, "module.");
    const bool is_backbone = is_wrapped ? starts_with(bare, "backbone.")
                                        : !starts_with(bare, "head.");
    if (is_backbone) {
      backbone[strip(bare, "backbone.")] = tensor;
    } else {
      report.dropped.push_back(name);
    }
  }
  return backbone;
}

void fold_dinov2(TensorMap& tensors, KeyReport& report) {
  for (const auto& [name, tensor] : tensors) {
    const bool is_register = name == "register_tokens" || name == "reg_token";
    NADIR_CHECK(
        !is_register,
        "these weights have register tokens ('{}'), which nadir's ViT does "
        "not have; take the variant of the network without registers",
        name);
    NADIR_CHECK(
        name.find(".mlp.w12.") == std::string::npos,
        "these weights have SwiGLU blocks ('{}'), which nadir's ViT does not "
        "have; take a smaller network of the family, with GELU",
        name);
    NADIR_CHECK(
        !is_chunked(name),
        "these weights have their blocks in chunks ('{}'); save them with "
        "block_chunks=0",
        name);
  }
  if (tensors.erase("mask_token") > 0) {
    report.dropped.emplace_back("mask_token");
  }
  std::vector<std::string> scales;
  for (const auto& [name, tensor] : tensors) {
    if (ends_with(name, ".ls1.gamma") || ends_with(name, ".ls2.gamma")) {
      scales.push_back(name);
    }
  }
  for (const std::string& name : scales) {
    const std::string block = name.substr(0, name.size() - 9);
    const std::string target =
        block + (ends_with(name, "ls1.gamma") ? "attn.proj" : "mlp.fc2");
    scale_outputs(tensors, target, tensors.at(name));
    tensors.erase(name);
    report.folded.push_back(name + " into " + target);
  }
}

model::VitConfig infer_config(const TensorMap& tensors) {
  const int64_t dim = require_tensor(tensors, "cls_token", 3).size(2);
  const at::Tensor& projection =
      require_tensor(tensors, "patch_embed.proj.weight", 4);
  const int64_t num_tokens = require_tensor(tensors, "pos_embed", 3).size(1);
  int64_t depth = 0;
  while (tensors.count(fmt::format("blocks.{}.norm1.weight", depth)) > 0) {
    ++depth;
  }
  const int64_t side =
      std::llround(std::sqrt(static_cast<double>(num_tokens - 1)));
  NADIR_CHECK(
      side > 0 && side * side == num_tokens - 1,
      "pos_embed has {} tokens, which is no class token and a square grid",
      num_tokens);
  NADIR_CHECK(
      projection.size(2) == projection.size(3) && projection.size(2) > 0 &&
          projection.size(1) > 0,
      "patch_embed.proj.weight must have square patches, has {} x {}",
      projection.size(2),
      projection.size(3));

  model::VitConfig config;
  config.patch_size = projection.size(2);
  config.in_channels = projection.size(1);
  config.image_size = side * config.patch_size;
  for (const std::string& arch : model::vit_names()) {
    const model::VitShape shape = model::vit_shape(arch);
    if (shape.dim == dim && shape.depth == depth) {
      config.arch = arch;
      return config;
    }
  }
  fail(
      ErrorCode::kInvalidArgument,
      "a ViT of width {} and {} blocks is none of {}",
      dim,
      depth,
      join(model::vit_names(), ", "));
}

std::map<std::string, std::vector<int64_t>> backbone_shapes(
    const model::VitConfig& config) {
  const model::VitShape shape = model::vit_shape(config.arch);
  const int64_t dim = shape.dim;
  const int64_t side = model::position_grid_side(config);
  std::map<std::string, std::vector<int64_t>> shapes = {
      {"cls_token", {1, 1, dim}},
      {"pos_embed", {1, 1 + side * side, dim}},
      {"patch_embed.proj.weight",
       {dim, config.in_channels, config.patch_size, config.patch_size}},
      {"patch_embed.proj.bias", {dim}},
      {"norm.weight", {dim}},
      {"norm.bias", {dim}}};
  for (int64_t i = 0; i < shape.depth; ++i) {
    const std::string block = fmt::format("blocks.{}.", i);
    for (const char* norm : {"norm1", "norm2"}) {
      shapes[block + norm + ".weight"] = {dim};
      shapes[block + norm + ".bias"] = {dim};
    }
    const auto add_linear =
        [&](const std::string& name, int64_t num_in, int64_t num_out) {
          shapes[block + name + ".weight"] = {num_out, num_in};
          shapes[block + name + ".bias"] = {num_out};
        };
    add_linear("attn.qkv", dim, 3 * dim);
    add_linear("attn.proj", dim, dim);
    add_linear("mlp.fc1", dim, 4 * dim);
    add_linear("mlp.fc2", 4 * dim, dim);
  }
  return shapes;
}

void match_keys(
    const TensorMap& tensors,
    const std::map<std::string, std::vector<int64_t>>& wanted,
    KeyReport& report) {
  for (const auto& [name, shape] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      report.missing.push_back(name);
    } else if (found->second.sizes().vec() != shape) {
      report.mismatched.push_back(fmt::format(
          "{}: [{}], want [{}]",
          name,
          fmt::join(found->second.sizes().vec(), ", "),
          fmt::join(shape, ", ")));
    } else {
      report.matched.push_back(name);
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (wanted.count(name) == 0) {
      report.unexpected.push_back(name);
    }
  }
}

void require_all_matched(const KeyReport& report, const std::string& source) {
  std::vector<std::string> faults;
  for (const auto& [what, names] :
       {std::pair{"missing", &report.missing},
        std::pair{"unexpected", &report.unexpected},
        std::pair{"of another shape", &report.mismatched}}) {
    if (!names->empty()) {
      faults.push_back(fmt::format("{} {}", what, few(*names)));
    }
  }
  NADIR_CHECK(
      faults.empty(),
      "the weights of {} are not those of the network: {}",
      source,
      join(faults, "; "));
}

at::Tensor inflate_patch_embedding(
    const at::Tensor& weight, int64_t num_bands, Inflation inflation) {
  NADIR_CHECK(
      weight.dim() == 4 && num_bands > 0,
      "the patch embedding cannot be made one for {} bands",
      num_bands);
  const int64_t num_old = weight.size(1);
  at::Tensor inflated;
  if (inflation == Inflation::kMean) {
    inflated = weight.mean(1, true).expand(
        {weight.size(0), num_bands, weight.size(2), weight.size(3)});
  } else {
    inflated = weight.index_select(1, at::arange(num_bands) % num_old);
  }
  return (inflated * (static_cast<double>(num_old) / num_bands)).contiguous();
}

}  // namespace nadir::checkpoint
