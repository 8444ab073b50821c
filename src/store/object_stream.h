// An object read from its start to its end, as archives are: ranges ahead of
// the reader come side by side, so that one slow connection is not the limit.
#pragma once

#include <map>
#include <memory>

#include "store/byte_source.h"
#include "store/s3.h"

namespace nadir::store {

struct StreamOptions {
  int64_t chunk_bytes = 8 << 20;
  int num_ahead = 8;  // chunks that are fetched or wait to be read
};

// Memory: num_ahead chunks. Throws Error{kNotFound} where there is no such
// object. Reading backwards is possible, and slow.
[[nodiscard]] std::unique_ptr<ByteSource> open_stream(
    std::shared_ptr<const S3> s3,
    const Location& location,
    const StreamOptions& options = {});

}  // namespace nadir::store
