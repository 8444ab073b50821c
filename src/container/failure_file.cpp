#include "container/failure_file.h"

#include "core/file.h"
#include "core/log.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = 1024;
constexpr std::string_view kCut = "...";

// Whether the byte goes on with a character of UTF-8.
bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string failure_text(const std::string& message) {
  if (message.size() <= kMaxBytes) {
    return message;
  }
  size_t end = kMaxBytes - kCut.size();
  while (end > 0 && is_continuation(message[end])) {
    --end;
  }
  return message.substr(0, end).append(kCut);
}

void write_failure_file(
    const fs::path& path, const std::string& message) noexcept {
  try {
    if (!fs::exists(path) &&
        fs::is_directory(path.parent_path().parent_path())) {
      write_file(path, failure_text(message));
    }
  } catch (const std::exception& error) {
    log_warning("container", "{}: {}", path.string(), error.what());
  }
}

}  // namespace nadir::container
