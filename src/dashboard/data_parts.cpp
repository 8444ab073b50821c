#include "dashboard/data_parts.h"

#include "core/log.h"

namespace nadir::dashboard {

DataParts::DataParts(const DataSources& sources) : sources_(sources) {
  catalog_ = std::make_unique<Catalog>(
      data::open_dataset(sources.dataset),
      sources.dataset.data,
      sources.dataset.index);
  log_info("dashboard", "{}", catalog_->dataset().description());
  if (!sources.predictions.empty()) {
    predictions_ = Predictions::read(sources.predictions, *catalog_);
    log_info(
        "dashboard",
        "predictions of {} images: {}",
        predictions_->ids().size(),
        sources.predictions);
  }
  if (!sources.embeddings.empty()) {
    embeddings_ = search::Embeddings::read(sources.embeddings, true);
    log_info(
        "dashboard",
        "embeddings of {} images: {}",
        embeddings_->size(),
        sources.embeddings);
    windows_ = std::make_unique<WindowSight>(
        *embeddings_, sources.embeddings, sources.network.weights);
  }
  if (!sources.network.weights.empty()) {
    network_ = std::make_unique<NetworkSight>(sources.network, sources.dataset);
  }
  gallery_ = std::make_unique<Gallery>(
      *catalog_, predictions_ ? &*predictions_ : nullptr);
}

}  // namespace nadir::dashboard
