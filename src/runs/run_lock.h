// An advisory lock on a file: one process at a time trains into a folder. The
// system lets go of it when the process ends, however it ends.
#pragma once

#include <filesystem>

namespace nadir::runs {

class RunLock {
 public:
  // Takes the lock without waiting, making the file if missing, and writes
  // who holds it into it. Throws Error{kInvalidArgument} naming the holder if
  // it is taken, Error{kIo} if the file cannot be made or locked.
  explicit RunLock(const std::filesystem::path& path);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  void release() noexcept;

  int fd_ = -1;
};

}  // namespace nadir::runs
