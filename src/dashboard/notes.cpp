#include "dashboard/notes.h"

#include <mutex>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace nadir::dashboard {
namespace {

constexpr size_t kMaxBytes = 256 << 10;

std::filesystem::path notes_path(const std::filesystem::path& run_folder) {
  return run_folder / "notes.md";
}

}  // namespace

Notes read_notes(const std::filesystem::path& run_folder) {
  Notes notes;
  notes.is_writable = ::access(run_folder.c_str(), W_OK) == 0;
  const auto path = notes_path(run_folder);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    notes.text = read_file(path);
    notes.version = sha256_hex(notes.text);
    if (notes.text.size() > kMaxBytes) {
      notes.text.resize(kMaxBytes);
      notes.is_writable = false;  // what is not shown must not be lost
    }
  }
  return notes;
}

NotesWrite write_notes(
    const std::filesystem::path& run_folder,
    const std::string& text,
    const std::string& known_version) {
  NADIR_CHECK(
      text.size() <= kMaxBytes,
      "notes may have {} bytes, got {}",
      kMaxBytes,
      text.size());
  static std::mutex mutex;  // between looking and replacing
  const std::lock_guard lock(mutex);
  const auto notes = read_notes(run_folder);
  if (!notes.is_writable) {
    return NotesWrite::kReadOnly;
  }
  if (notes.version != known_version) {
    return NotesWrite::kChangedMeanwhile;
  }
  write_file(notes_path(run_folder), text);
  return NotesWrite::kWritten;
}

nlohmann::ordered_json to_json(const Notes& notes) {
  return {
      {"text", notes.text},
      {"version", notes.version},
      {"is_writable", notes.is_writable}};
}

}  // namespace nadir::dashboard
