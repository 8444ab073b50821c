// What a network makes of an image: pictures of its attention and tokens, and
// of the views that trained it. LibTorch stays behind this header.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "eval/features_config.h"

namespace nadir::dashboard {

// From any thread; one image at a time goes through the network.
class NetworkSight {
 public:
  // `source` names the images of the catalog; they are opened again with the
  // network's own bands. Throws as eval::load_frozen_network() and
  // eval::make_view_recipe() do.
  NetworkSight(const eval::FeaturesConfig& config, data::DatasetOptions source);
  ~NetworkSight();
  NetworkSight(const NetworkSight&) = delete;
  NetworkSight& operator=(const NetworkSight&) = delete;

  [[nodiscard]] int64_t num_heads() const;

  // PNG of the last block's attention from the class token, a pixel a patch,
  // from its lowest (dark) to its highest.
  [[nodiscard]] std::string attention_png(int64_t id, int64_t head) const;

  // PNG of the first three principal components of the patch tokens.
  [[nodiscard]] std::string components_png(int64_t id) const;

  // PNG of the image and the views that training cut from it in an epoch, by
  // the run's own configuration where the weights are a run's.
  [[nodiscard]] std::string views_png(int64_t id, int64_t epoch) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::dashboard
