// Checkpoints written behind a training that goes on.
#pragma once

#include <filesystem>
#include <functional>
#include <future>

#include "checkpoint/checkpoint_folder.h"

namespace nadir::checkpoint {

// Holds one copy of the state while it writes. Used from one thread.
class CheckpointWriter {
 public:
  // Copies `state`, and begins to write it as save_checkpoint() does and then
  // to call `then`, both on a thread that yields to others; returns when the
  // copy is made. The one before must have been finished.
  void start(
      const std::filesystem::path& folder,
      const State& state,
      std::function<void()> then);

  // Between start() and finish().
  [[nodiscard]] bool has_started() const { return writing_.valid(); }

  // Whether finish() would return at once.
  [[nodiscard]] bool is_done() const;

  // Waits for the end. Throws what writing or `then` threw.
  void finish();

 private:
  std::future<void> writing_;  // its end is waited for by the destructor
};

}  // namespace nadir::checkpoint
