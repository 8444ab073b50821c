// /opt/ml/output/failure: why a job failed, for the platform's FailureReason.
#pragma once

#include <filesystem>
#include <string>

namespace nadir::container {

// As many of the message's bytes as the platform shows (1024), cut between
// characters, with "..." where something is missing.
[[nodiscard]] std::string failure_text(const std::string& message);

// Writes failure_text(); one that is there already stays, since it came first.
// Does nothing where `path`'s grandparent (/opt/ml) is not there. A file that
// cannot be written is a warning: the failure itself must still be told.
void write_failure_file(
    const std::filesystem::path& path, const std::string& message) noexcept;

}  // namespace nadir::container
