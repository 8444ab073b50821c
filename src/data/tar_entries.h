// Plain tar: ustar, GNU long names and pax paths and sizes (POSIX.1-2001).
#pragma once

#include "data/archive_entries.h"

namespace nadir::data {

// Whether the file starts with a tar header whose checksum is right.
[[nodiscard]] bool is_plain_tar(store::ByteSource& file);

// Entries are found by seeking from header to header; `reads_most` chooses
// large reads.
[[nodiscard]] std::unique_ptr<ArchiveEntries> open_plain_tar(
    std::unique_ptr<store::ByteSource> file, bool reads_most);

}  // namespace nadir::data
