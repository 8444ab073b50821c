// A network small enough for tests.
#pragma once

#include "ssl/multi_crop_network.h"

namespace nadir::ssl {

inline MultiCropNetwork make_tiny_network(bool use_bn_in_head = false) {
  MultiCropNetwork network(
      {.arch = "vit_nano",
       .patch_size = 8,
       .drop_path_rate = 0.5,
       .image_size = 16},
      {.out_dim = 24,
       .use_bn_in_head = use_bn_in_head,
       .head_hidden_dim = 32,
       .head_bottleneck_dim = 16});
  RandomStream random(1, StreamPurpose::kInit);
  network.init_weights(random);
  return network;
}

}  // namespace nadir::ssl
