// Which Vision Transformer: its name, patch and image size. Torch-free.
// Shapes: Dosovitskiy et al. 2021, arXiv:2010.11929; tiny and small after
// DeiT, arXiv:2012.12877.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::model {

struct VitConfig {
  std::string arch = "vit_small";
  int64_t patch_size = 16;
  double drop_path_rate = 0.1;
  bool checkpoint_activations = false;

  // Set from the data and the crop size by whoever builds the network, hence
  // not among the fields: the side in pixels that the position grid is for,
  // and the number of bands.
  int64_t image_size = 224;
  int64_t in_channels = 3;

  // The one list behind parsing, --help, docs/configuration.md, config.toml.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        arch,
        "arch",
        "Network: vit_nano, vit_tiny, vit_small or vit_base (deit_tiny and "
        "deit_small are the same as vit_tiny and vit_small).");
    visit(
        patch_size,
        "patch_size",
        "Side of a patch in pixels; crop sizes must be multiples of it.");
    visit(
        drop_path_rate,
        "drop_path_rate",
        "Stochastic depth of the student's last block, in [0, 1); earlier "
        "blocks have less, the first none.");
    visit(
        checkpoint_activations,
        "checkpoint_activations",
        "Keep the inputs of blocks alone for the gradient and compute the rest "
        "again: a fifth of their memory, a quarter more time, the same "
        "gradients. On the CPU in fp32.");
  }
};

struct VitShape {
  int64_t dim;        // width D of a token
  int64_t num_heads;  // of 64 channels each
  int64_t depth;      // number of blocks
};

// The canonical names, smallest first: vit_nano, vit_tiny, ...
[[nodiscard]] std::vector<std::string> vit_names();

// The shape of a network by name or alias. Throws Error{kInvalidArgument} with
// the nearest name for any other.
[[nodiscard]] VitShape vit_shape(const std::string& arch);

// Patches along a side of the position grid. Throws Error{kInvalidArgument}
// unless image_size is a positive multiple of patch_size.
[[nodiscard]] int64_t position_grid_side(const VitConfig& config);

}  // namespace nadir::model
