#include "data/remote_shards.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>

#include "core/error.h"
#include "data/lmdb_pages.h"
#include "store/cached_object.h"
#include "store/worker_pool.h"

namespace nadir::data {
namespace {

constexpr int kNumFetching = 32;
// Images on their way or waiting to be read; a reader that changed its mind
// leaves no more behind.
constexpr size_t kMaxExpected = 512;

using Blob = std::shared_ptr<const std::string>;

// One environment.
struct RemoteEnvironment {
  std::shared_ptr<store::CachedObject> file;
  LmdbPages pages;
};

class RemoteShards : public Shards {
 public:
  RemoteShards(store::RemoteFiles& remote, const store::Location& location)
      : pool_(kNumFetching) {
    const auto folder = location.as_folder();
    for (const auto& object : remote.s3()->list(folder)) {
      const std::string name = object.key.substr(folder.key.size());
      // data.mdb itself, or that of a numbered folder.
      if (name == kEnvironmentFile ||
          name.ends_with(fmt::format("/{}", kEnvironmentFile))) {
        auto file = remote.cached({folder.bucket, object.key}, object);
        environments_.push_back({file, LmdbPages(file)});
        files_.push_back(remote.cache_path({folder.bucket, object.key}));
      }
    }
    if (environments_.empty()) {
      fail(
          ErrorCode::kNotFound,
          "{} holds no LMDB environment (a folder with data.mdb)",
          location.text());
    }
  }

  [[nodiscard]] int64_t size() const override {
    int64_t count = 0;
    for (const auto& environment : environments_) {
      count += environment.pages.size();
    }
    return count;
  }

  bool read(
      std::string_view key,
      const std::function<void(std::string_view)>& use) const override {
    const Blob blob = take_expected(key);
    const Blob found = blob ? blob : fetch(key);
    if (found) {
      use(*found);
    }
    return found != nullptr;
  }

  void expect(std::string_view key) const override {
    auto task = std::make_shared<std::packaged_task<Blob()>>(
        [this, name = std::string(key)] { return fetch(name); });
    {
      const std::lock_guard lock(mutex_);
      if (expected_.size() >= kMaxExpected ||
          !expected_.try_emplace(std::string(key), task->get_future()).second) {
        return;
      }
    }
    pool_.add([task] { (*task)(); });
  }

  [[nodiscard]] const std::vector<std::filesystem::path>& files()
      const override {
    return files_;
  }

 private:
  // The blob that was expected, when it is here; null where none was, or where
  // it could not be had: then reading it says why.
  [[nodiscard]] Blob take_expected(std::string_view key) const {
    std::future<Blob> coming;
    {
      const std::lock_guard lock(mutex_);
      const auto found = expected_.find(key);
      if (found == expected_.end()) {
        return nullptr;
      }
      coming = std::move(found->second);
      expected_.erase(found);
    }
    try {
      return coming.get();
    } catch (const Error&) {
      return nullptr;
    }
  }

  [[nodiscard]] Blob fetch(std::string_view key) const {
    for (const auto& environment : environments_) {
      const auto place = environment.pages.find(key);
      if (place) {
        std::string bytes(static_cast<size_t>(place->num_bytes), '\0');
        environment.file->read(place->begin, place->num_bytes, bytes.data());
        return std::make_shared<const std::string>(std::move(bytes));
      }
    }
    return nullptr;
  }

  std::vector<RemoteEnvironment> environments_;
  std::vector<std::filesystem::path> files_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::future<Blob>, std::less<>> expected_;
  mutable store::WorkerPool pool_;  // goes first: its pieces use the rest
};

}  // namespace

std::unique_ptr<Shards> open_remote_shards(
    store::RemoteFiles& remote, const store::Location& location) {
  return std::make_unique<RemoteShards>(remote, location);
}

}  // namespace nadir::data
