// A folder that grows, such as a run's, copied to S3 while it does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/s3.h"

namespace nadir::store {

struct FolderSyncOptions {
  std::chrono::milliseconds period{30'000};
  // Files that say that others are complete: copied last.
  std::vector<std::string> marks{};
};

// Copies new and changed files every period, from a thread of its own, and once
// more at the end; removes in S3 those it had copied that are gone here. Files
// whose names hold a dot first or ".tmp" are in the making and left out. A
// failed copy is a warning, and tried again after the next period: training
// goes on.
class FolderSync {
 public:
  FolderSync(
      std::shared_ptr<const S3> s3,
      std::filesystem::path folder,
      Location target,
      FolderSyncOptions options = {});
  // Ends without a last copy: finish() makes it.
  ~FolderSync();
  FolderSync(const FolderSync&) = delete;
  FolderSync& operator=(const FolderSync&) = delete;

  // Takes what is here for copied: it came from there.
  void know_all();

  // Copies what has changed, now. Throws as upload_files().
  void copy();

  // The last copy. Throws as copy(): what is not there must be known.
  void finish();

 private:
  struct Seen {
    std::filesystem::file_time_type time;
    uintmax_t num_bytes = 0;

    bool operator==(const Seen&) const = default;
  };

  [[nodiscard]] std::map<std::string, Seen> look() const;
  void work();

  std::shared_ptr<const S3> s3_;
  std::filesystem::path folder_;
  Location target_;
  FolderSyncOptions options_;
  std::mutex copying_;
  std::map<std::string, Seen> copied_;  // by name below the folder
  std::mutex mutex_;
  std::condition_variable is_ending_changed_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace nadir::store
