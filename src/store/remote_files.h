// Paths as users write them, of this host or s3://, for the code that reads and
// writes files: inputs are copied here once, outputs are made here and copied
// there when they are complete.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aws/session.h"
#include "core/environment.h"
#include "store/byte_source.h"
#include "store/cached_object.h"
#include "store/s3.h"

namespace nadir::store {

struct RemoteOptions {
  aws::SessionOptions session;
  // NADIR_CACHE, else nadir below XDG_CACHE_HOME or ~/.cache.
  std::string cache{};
  int64_t cache_gb = 100;
};

// Asks for credentials only when an s3:// path is met. Thread-safe.
class RemoteFiles {
 public:
  explicit RemoteFiles(
      RemoteOptions options, Environment environment = process_environment());

  // A path of this host that holds what `path` names: itself, or for s3:// the
  // local copy of that object, or of all objects below it, brought up to date
  // first. Throws Error{kNotFound} where there is nothing, Error{kIo} where
  // the copy would not fit into the cache's bound, and what S3 throws.
  [[nodiscard]] std::string input(const std::string& path);

  // The same, and of a folder in S3 only the objects whose names below it
  // `choose` leaves in the list.
  [[nodiscard]] std::string input(
      const std::string& path,
      const std::function<void(std::vector<std::string>& names)>& choose);

  // The same for a folder of which only these objects are wanted, named below
  // it; those that are not there are left out.
  [[nodiscard]] std::string input_files(
      const std::string& folder, const std::vector<std::string>& names);

  // Bytes by their place: of a file, or of an object as a stream.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const std::string& path);

  // An object whose parts stay here once read; all share the cache's bound.
  [[nodiscard]] std::shared_ptr<CachedObject> cached(
      const Location& location, const ObjectInfo& object);

  // Whether there is such a file, folder, object or prefix.
  [[nodiscard]] bool exists(const std::string& path);

  // Where the copy of an object lies, or will.
  [[nodiscard]] std::filesystem::path cache_path(
      const Location& location) const;

  // Where the files of an output are made until they are copied.
  [[nodiscard]] std::filesystem::path staging_path(
      const Location& location) const;

  [[nodiscard]] std::shared_ptr<const S3> s3();

 private:
  void bring(const std::vector<struct Download>& wanted);
  // Removes copies that were not used for the longest time until so many bytes
  // more fit, but none of these.
  void make_room(
      int64_t num_bytes, const std::vector<struct Download>& wanted) const;
  [[nodiscard]] std::filesystem::path place_in(
      const char* folder, const Location& location) const;

  RemoteOptions options_;
  Environment environment_;
  std::filesystem::path cache_;
  std::shared_ptr<CacheRoom> room_;
  std::mutex mutex_;
  std::shared_ptr<const S3> s3_;
};

}  // namespace nadir::store
