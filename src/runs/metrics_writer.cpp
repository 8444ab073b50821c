#include "runs/metrics_writer.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::runs {
namespace {

namespace fs = std::filesystem;

bool is_kept(const std::string& line, std::optional<int64_t> resume_step) {
  const auto record = parse_json_or_discard(line);
  if (!record.is_object()) {
    return false;  // cut or damaged
  }
  const auto step = record.find("step");
  return !resume_step || step == record.end() || !step->is_number() ||
         step->get<double>() <= static_cast<double>(*resume_step);
}

bool ends_with_newline(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || file.tellg() == std::streampos(0)) {
    return true;
  }
  file.seekg(-1, std::ios::end);
  return file.get() == '\n';
}

// Copies the lines that stay, one by one: files may be larger than memory.
void keep_lines(const fs::path& path, std::optional<int64_t> resume_step) {
  write_file_with(path, [&](const fs::path& temporary) {
    std::ifstream in(path, std::ios::binary);
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    std::string line;
    while (std::getline(in, line)) {
      if (is_kept(line, resume_step)) {
        out << line << '\n';
      }
    }
    out.flush();
    if (in.bad() || !out) {
      fail(ErrorCode::kIo, "cannot rewrite {}", path.string());
    }
  });
}

}  // namespace

MetricsWriter::MetricsWriter(
    const fs::path& path, std::optional<int64_t> resume_step)
    : path_(path) {
  if (fs::exists(path) && (resume_step || !ends_with_newline(path))) {
    keep_lines(path, resume_step);
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    fail(
        ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(errno));
  }
}

MetricsWriter::~MetricsWriter() {
  ::close(fd_);
}

void MetricsWriter::write(const nlohmann::ordered_json& record) {
  NADIR_ASSERT(record.is_object());
  const std::string line = json_text(record) + "\n";
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(fd_, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path_.string(),
          std::strerror(errno));
    }
    done += static_cast<size_t>(count);
  }
}

}  // namespace nadir::runs
