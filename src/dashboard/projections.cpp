#include "dashboard/projections.h"

#include <chrono>

#include <nlohmann/json.hpp>

#include "atlas/pca.h"
#include "atlas/umap.h"
#include "core/error.h"
#include "core/log.h"

namespace nadir::dashboard {
namespace {

constexpr auto kTellAgain = std::chrono::milliseconds(300);

}  // namespace

Projections::Projections(const search::Embeddings& embeddings, EventHub& events)
    : embeddings_(embeddings), events_(events) {}

Projections::~Projections() {
  is_ending_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Projections::start_umap() {
  const std::lock_guard lock(mutex_);
  if (is_ending_ || state_ == State::kRunning || state_ == State::kReady) {
    return;
  }
  if (thread_.joinable()) {
    thread_.join();  // one that failed
  }
  state_ = State::kRunning;
  thread_ = std::thread([this] { run_umap(); });
}

void Projections::run_umap() {
  auto told = std::chrono::steady_clock::now();
  constexpr int kOneThread = 1;  // the page is to stay quick
  try {
    auto made =
        atlas::umap(embeddings_, {}, kOneThread, [&](const atlas::Step& step) {
          const auto now = std::chrono::steady_clock::now();
          if (now - told >= kTellAgain) {
            told = now;
            take(step);
            publish();
          }
          return !is_ending_;
        });
    const std::lock_guard lock(mutex_);
    umap_ = std::move(made);
    state_ = State::kReady;
  } catch (const std::exception& error) {
    log_warning("dashboard", "UMAP: {}", error.what());
    const std::lock_guard lock(mutex_);
    state_ = State::kFailed;
    message_ = error.what();
  }
  if (!is_ending_) {
    publish();
  }
}

void Projections::take(const atlas::Step& step) {
  const std::lock_guard lock(mutex_);
  stage_ = step.stage == atlas::Stage::kLayout ? "moving images"
                                               : "finding neighbours";
  done_ = step.done;
  total_ = step.total;
  if (!step.places.empty()) {
    umap_.assign(step.places.begin(), step.places.end());
  }
}

void Projections::publish() const {
  nlohmann::ordered_json json;
  {
    const std::lock_guard lock(mutex_);
    json = umap_state();
  }
  json["method"] = "umap";
  events_.publish(event_text("atlas", json));
}

nlohmann::ordered_json Projections::umap_state() const {
  constexpr const char* kNames[] = {"none", "running", "ready", "failed"};
  nlohmann::ordered_json json;
  json["state"] = kNames[static_cast<int>(state_)];
  json["epoch"] = done_;
  json["num_epochs"] = total_;
  json["message"] = state_ == State::kFailed ? message_ : stage_;
  return json;
}

nlohmann::ordered_json Projections::states() const {
  const std::lock_guard lock(mutex_);
  return {{"pca", {{"state", "ready"}}}, {"umap", umap_state()}};
}

std::vector<float> Projections::places(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  if (method == "pca") {
    if (pca_.empty()) {
      constexpr int kAllThreads = 0;
      pca_ = atlas::project(
          embeddings_,
          atlas::principal_components(embeddings_, 2, kAllThreads),
          kAllThreads);
    }
    return pca_;
  }
  NADIR_CHECK(method == "umap", "methods are pca and umap, got '{}'", method);
  if (umap_.empty()) {
    fail(
        ErrorCode::kNotFound,
        "UMAP has no places yet; it is begun by the page's button");
  }
  return umap_;
}

}  // namespace nadir::dashboard
