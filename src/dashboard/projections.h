// The atlas's projections: components at once, UMAP in the background.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "atlas/step.h"
#include "dashboard/event_hub.h"
#include "search/embeddings.h"

namespace nadir::dashboard {

// Members may be called from any thread.
class Projections {
 public:
  // Both must outlive it.
  Projections(const search::Embeddings& embeddings, EventHub& events);
  // Ends what is under way.
  ~Projections();
  Projections(const Projections&) = delete;
  Projections& operator=(const Projections&) = delete;

  // Begins UMAP, unless it is under way or done; progress goes to the events.
  void start_umap();

  // x and y of every embedding: "pca", computed at the first call, or "umap" as
  // far as it is. Throws Error{kNotFound} where nothing of it is there yet,
  // Error{kInvalidArgument} for another method.
  [[nodiscard]] std::vector<float> places(const std::string& method) const;

  // State and progress of each method.
  [[nodiscard]] nlohmann::ordered_json states() const;

 private:
  enum class State { kNone, kRunning, kReady, kFailed };

  void run_umap();
  void take(const atlas::Step& step);
  void publish() const;
  [[nodiscard]] nlohmann::ordered_json umap_state() const;

  const search::Embeddings& embeddings_;
  EventHub& events_;
  std::atomic<bool> is_ending_ = false;

  mutable std::mutex mutex_;  // of what follows
  mutable std::vector<float> pca_;
  std::vector<float> umap_;
  State state_ = State::kNone;
  std::string stage_;
  std::string message_;  // why it failed
  int64_t done_ = 0;
  int64_t total_ = 0;
  std::thread thread_;
};

}  // namespace nadir::dashboard
