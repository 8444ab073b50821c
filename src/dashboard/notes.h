// Notes of people on a run: RUN/notes.md, the one file of a run folder that a
// dashboard may write.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace nadir::dashboard {

struct Notes {
  std::string text;
  std::string version;  // changes with the text; "" where there are none
  bool is_writable = false;
};

[[nodiscard]] Notes read_notes(const std::filesystem::path& run_folder);

// What became of new notes.
enum class NotesWrite { kWritten, kChangedMeanwhile, kReadOnly };

// Replaces the notes where their version is still `known_version`. Throws
// Error{kInvalidArgument} for a text that is too long, and Error{kIo}.
[[nodiscard]] NotesWrite write_notes(
    const std::filesystem::path& run_folder,
    const std::string& text,
    const std::string& known_version);

[[nodiscard]] nlohmann::ordered_json to_json(const Notes& notes);

}  // namespace nadir::dashboard
