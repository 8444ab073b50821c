// The images of a dashboard, and what was made of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dashboard/catalog.h"
#include "dashboard/gallery.h"
#include "dashboard/network_sight.h"
#include "dashboard/predictions.h"
#include "dashboard/window_sight.h"
#include "data/dataset.h"
#include "eval/features_config.h"
#include "search/embeddings.h"

namespace nadir::dashboard {

// Where they are. Of the texts all but `dataset.data` may be empty. What was
// found rather than asked for is left out, with a warning, where it is of other
// images.
struct DataSources {
  data::DatasetOptions dataset;
  std::string predictions;       // of `nadir predict`, .parquet
  std::string embeddings;        // of `nadir embed`, .parquet
  eval::FeaturesConfig network;  // its weights may be ""
  bool found_predictions = false;
  bool found_embeddings = false;
  // Where `network.weights` is "": the first that fits is taken.
  std::vector<std::string> found_weights;
};

// Immutable but for caches; from any thread.
class DataParts {
 public:
  // Throws as the parts do that were asked for.
  explicit DataParts(const DataSources& sources);

  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }

  [[nodiscard]] const Gallery& gallery() const { return *gallery_; }

  // Null where there are none.
  [[nodiscard]] const Predictions* predictions() const {
    return predictions_ ? &*predictions_ : nullptr;
  }

  [[nodiscard]] const search::Embeddings* embeddings() const {
    return embeddings_ ? &*embeddings_ : nullptr;
  }

  // Null where there are no embeddings.
  [[nodiscard]] const WindowSight* windows() const { return windows_.get(); }

  [[nodiscard]] const NetworkSight* network() const { return network_.get(); }

  // With the weights that were taken.
  [[nodiscard]] const DataSources& sources() const { return sources_; }

 private:
  void open_network();

  DataSources sources_;
  std::unique_ptr<Catalog> catalog_;
  std::optional<Predictions> predictions_;
  std::optional<search::Embeddings> embeddings_;
  std::unique_ptr<WindowSight> windows_;
  std::unique_ptr<NetworkSight> network_;
  std::unique_ptr<Gallery> gallery_;
};

}  // namespace nadir::dashboard
