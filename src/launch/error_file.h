// Why a process failed, for torchrun's summary of the run.
#pragma once

#include <string>

#include "core/environment.h"

namespace nadir::launch {

// Writes `message` to the file that TORCHELASTIC_ERROR_FILE names, in the form
// of torch.distributed.elastic.multiprocessing.errors; does nothing where it is
// not set. A file that cannot be written is a warning: the failure itself must
// still be told.
void write_error_file(
    const Environment& environment, const std::string& message) noexcept;

}  // namespace nadir::launch
