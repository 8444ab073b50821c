#include "checkpoint/checkpoint_writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::checkpoint {
namespace {

constexpr int kNice = 10;

// A copy in the processor's memory.
State copy_of(const State& state) {
  State copy;
  copy.meta = state.meta;
  for (const auto& [name, tensor] : state.tensors) {
    copy.tensors[name] = tensor.is_cpu()
                             ? tensor.detach().clone()
                             : tensor.detach().to(at::kCPU);
  }
  return copy;
}

}  // namespace

void CheckpointWriter::start(
    const std::filesystem::path& folder,
    const State& state,
    std::function<void()> then) {
  NADIR_ASSERT(!has_started());
  writing_ = std::async(
      std::launch::async,
      [folder, copy = copy_of(state), next = std::move(then)] {
        // Of this thread alone, on Linux. Checksums take a processor for a
        // second a gigabyte, which a step of the training needs more.
        (void)::setpriority(
            PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
        save_checkpoint(folder, copy);
        next();
      });
}

bool CheckpointWriter::is_done() const {
  return writing_.wait_for(std::chrono::seconds(0)) ==
         std::future_status::ready;
}

void CheckpointWriter::finish() {
  writing_.get();
}

}  // namespace nadir::checkpoint
