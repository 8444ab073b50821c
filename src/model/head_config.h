// The projection head's configuration. Torch-free.
#pragma once

#include <cstdint>

namespace nadir::model {

struct HeadConfig {
  int64_t out_dim = 65536;
  bool norm_last_layer = true;
  bool use_bn_in_head = false;
  int64_t head_hidden_dim = 2048;
  int64_t head_bottleneck_dim = 256;
  int64_t head_layers = 3;

  // The one list behind parsing, --help, docs/configuration.md, config.toml.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(out_dim, "out_dim", "Number of prototypes K: width of the output.");
    visit(
        norm_last_layer,
        "norm_last_layer",
        "Freeze the magnitudes of the prototypes at 1; off did better for "
        "vit_small, but is risky for vit_base.");
    visit(
        use_bn_in_head,
        "use_bn_in_head",
        "Batch normalisation behind the head's hidden layers.");
    visit(
        head_hidden_dim,
        "head_hidden_dim",
        "Width of the head's hidden layers.");
    visit(
        head_bottleneck_dim,
        "head_bottleneck_dim",
        "Width before the prototypes.");
    visit(
        head_layers,
        "head_layers",
        "Linear layers before the prototypes, at least 1.");
  }
};

}  // namespace nadir::model
