// What a command writes, file or folder: in its place on this host, or for
// s3:// beside the cache until it is complete, and then in S3.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/remote_files.h"

namespace nadir::store {

class RemoteOutput {
 public:
  // A path of this host is left alone. For s3:// what is there already is
  // brought here, so that the command meets it as it would here: a file, or of
  // a folder the `marks`, the files that say what it is. Throws as
  // RemoteFiles::input_files().
  RemoteOutput(
      RemoteFiles& remote,
      const std::string& path,
      std::vector<std::string> marks = {});

  // Where to write.
  [[nodiscard]] const std::string& path() const { return local_; }

  // Copies to S3 what is new or has changed since the constructor brought it,
  // the marks last, and removes it here. Does nothing for paths of this host.
  // What fails can be tried again by the same command. Throws as
  // upload_files().
  void publish();

 private:
  [[nodiscard]] std::vector<struct Transfer> changed() const;

  RemoteFiles& remote_;
  std::string given_;
  std::string local_;
  std::vector<std::string> marks_;
  std::vector<std::pair<std::filesystem::path, std::filesystem::file_time_type>>
      brought_;
};

}  // namespace nadir::store
