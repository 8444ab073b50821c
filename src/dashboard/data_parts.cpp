#include "dashboard/data_parts.h"

#include <functional>

#include "core/error.h"
#include "core/log.h"

namespace nadir::dashboard {
namespace {

// Opens a part that is at `path`, if that is not "". One that was found rather
// than asked for may fail.
void open_part(
    const std::string& path, bool is_found, const std::function<void()>& open) {
  if (path.empty()) {
    return;
  }
  try {
    open();
  } catch (const Error& error) {
    if (!is_found) {
      throw;
    }
    log_warning("dashboard", "{} is left out: {}", path, error.what());
  }
}

}  // namespace

DataParts::DataParts(const DataSources& sources) : sources_(sources) {
  catalog_ = std::make_unique<Catalog>(
      data::open_dataset(sources.dataset),
      sources.dataset.data,
      sources.dataset.index);
  log_info("dashboard", "{}", catalog_->dataset().description());
  open_part(sources.predictions, sources.found_predictions, [&] {
    predictions_ = Predictions::read(sources.predictions, *catalog_);
    log_info(
        "dashboard",
        "predictions of {} images: {}",
        predictions_->ids().size(),
        sources.predictions);
  });
  open_network();
  open_part(sources.embeddings, sources.found_embeddings, [&] {
    embeddings_ = search::Embeddings::read(sources.embeddings, true);
    log_info(
        "dashboard",
        "embeddings of {} images: {}",
        embeddings_->size(),
        sources.embeddings);
    windows_ = std::make_unique<WindowSight>(
        *embeddings_, sources.embeddings, sources_.network.weights);
  });
  gallery_ = std::make_unique<Gallery>(
      *catalog_, predictions_ ? &*predictions_ : nullptr);
}

void DataParts::open_network() {
  const bool is_found = sources_.network.weights.empty();
  auto candidates = sources_.found_weights;
  if (!is_found) {
    candidates = {sources_.network.weights};
  }
  for (const auto& weights : candidates) {
    auto config = sources_.network;
    config.weights = weights;
    open_part(weights, is_found, [&] {
      network_ = std::make_unique<NetworkSight>(config, sources_.dataset);
      sources_.network = config;
      log_info("dashboard", "looking through {}", weights);
    });
    if (network_ != nullptr) {
      return;
    }
  }
}

}  // namespace nadir::dashboard
