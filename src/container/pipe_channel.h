// A channel in SageMaker's Pipe mode: the bytes of its objects, one after
// another, through the FIFO NAME_0 beside the other channels' folders. It is
// stored as one file before the job's command runs: packing may have to begin
// anew, and Parquet is read from its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "container/channels.h"

namespace nadir::container {

enum class PipeContent { kArchive, kParquet };

struct PipeInput {
  std::string channel;
  std::filesystem::path pipe;  // the first epoch's FIFO
  std::filesystem::path file;  // where its bytes go
  PipeContent content = PipeContent::kArchive;
  // The platform may make the FIFO after the container's start.
  std::chrono::milliseconds patience{std::chrono::minutes(2)};
};

// The channel's FIFO, and its file below `folder`.
[[nodiscard]] PipeInput pipe_input(
    const Channel& channel,
    PipeContent content,
    const std::filesystem::path& folder);

// Stores all that comes until the writer closes the pipe, and returns the
// number of bytes; after a caught signal returns early. Throws Error{kNotFound}
// where no FIFO comes, Error{kCorruptData} where nothing or something else than
// `content` came, and Error{kIo}, naming --volume-size where the disk is full.
int64_t store_pipe(const PipeInput& input);

}  // namespace nadir::container
