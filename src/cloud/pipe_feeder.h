// The writer of a channel in Pipe mode, as the platform is one: the bytes of
// files, one after another, into a FIFO.
#pragma once

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

namespace nadir::cloud {

class PipeFeeder {
 public:
  // Makes the FIFO `pipe`, and writes the file `source`, or all files below
  // that folder by their names, once somebody reads it. Throws Error{kIo}.
  PipeFeeder(const std::filesystem::path& source, std::filesystem::path pipe);
  // Gives up what is not written yet.
  ~PipeFeeder();
  PipeFeeder(const PipeFeeder&) = delete;
  PipeFeeder& operator=(const PipeFeeder&) = delete;

 private:
  void feed() const;
  [[nodiscard]] int wait_for_reader() const;
  [[nodiscard]] bool write_file_to(
      int pipe, const std::filesystem::path& file) const;

  std::vector<std::filesystem::path> files_;
  std::filesystem::path pipe_;
  std::atomic<bool> is_ending_ = false;
  std::thread thread_;  // the last, since it uses the others
};

}  // namespace nadir::cloud
