// Shards in S3, read where they lie: pages of the trees and the images asked
// for, kept in a local cache as far as there is room.
#pragma once

#include <memory>

#include "data/shards.h"
#include "store/remote_files.h"

namespace nadir::data {

// Opens the environments below the location, as ShardReader does below a
// folder. What expect() names is fetched by threads of its own, several dozen
// at a time, and waits in memory until read() takes it. Throws Error{kNotFound}
// if there is no environment, Error{kCorruptData} if one is damaged, and what
// S3 throws.
[[nodiscard]] std::unique_ptr<Shards> open_remote_shards(
    store::RemoteFiles& remote, const store::Location& location);

}  // namespace nadir::data
