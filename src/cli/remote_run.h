// A run folder at s3://: trained beside the cache, copied there meanwhile.
#pragma once

#include <memory>
#include <string>

#include "store/folder_sync.h"
#include "store/remote_files.h"

namespace nadir::cli {

// A path of this host for weights that may be at s3://: of a run there the copy
// has the latest checkpoint alone. Throws as RemoteFiles::input().
[[nodiscard]] std::string remote_weights(
    store::RemoteFiles& remote, const std::string& path);

class RemoteRun {
 public:
  // Sets `output_dir`, where it is at s3://, to the folder to train in. The
  // first rank of a run that `resumes` finds there what S3 has of it, the
  // latest checkpoint alone of the checkpoints; one that does not, the marks of
  // a run, so that it meets it. Throws Error{kInvalidArgument} where it is to
  // overwrite, and as S3 does.
  RemoteRun(
      store::RemoteFiles& remote,
      std::string& output_dir,
      bool is_first,
      bool resumes,
      bool overwrites);

  // Copies from now on.
  void start();

  // Copies the rest, and removes the folder of this host.
  void finish();

 private:
  store::RemoteFiles& remote_;
  std::string given_;  // "" for a folder of this host
  std::string local_;
  std::unique_ptr<store::FolderSync> sync_;
};

}  // namespace nadir::cli
