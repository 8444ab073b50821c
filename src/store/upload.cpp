#include "store/upload.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "store/checksum.h"
#include "store/worker_pool.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxParts = 10'000;

// A file open for reading.
class InputFile {
 public:
  explicit InputFile(const fs::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
      fail(
          errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
          "{}: {}",
          path.string(),
          std::strerror(errno));
    }
  }

  ~InputFile() { ::close(descriptor_); }

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] std::string read(int64_t begin, int64_t num_bytes) const {
    std::string bytes(static_cast<size_t>(num_bytes), '\0');
    for (int64_t done = 0; done < num_bytes;) {
      const auto size = ::pread(
          descriptor_,
          bytes.data() + done,
          static_cast<size_t>(num_bytes - done),
          begin + done);
      if (size <= 0) {
        fail(
            ErrorCode::kIo,
            "{}: {} while it was uploaded",
            path_.string(),
            size < 0 ? std::strerror(errno) : "was cut short");
      }
      done += size;
    }
    return bytes;
  }

 private:
  fs::path path_;
  int descriptor_;
};

// One file that goes in parts; the last part to arrive completes it.
class PartedUpload {
 public:
  PartedUpload(
      const S3& s3, const Transfer& transfer, int64_t size, int64_t part_bytes)
      : s3_(s3),
        location_(transfer.location),
        file_(transfer.path),
        size_(size),
        part_bytes_(part_bytes),
        num_left_(ceil_div(size, part_bytes)),
        upload_id_(s3.start_upload(transfer.location)),
        parts_(static_cast<size_t>(num_left_)),
        crcs_(parts_.size()) {}

  ~PartedUpload() {
    if (!is_complete_) {
      s3_.abort_upload(location_, upload_id_);
    }
  }

  PartedUpload(const PartedUpload&) = delete;
  PartedUpload& operator=(const PartedUpload&) = delete;

  [[nodiscard]] size_t num_parts() const { return parts_.size(); }

  // From any thread, each part once. Returns the part's bytes.
  int64_t send(size_t index) {
    const int64_t begin = static_cast<int64_t>(index) * part_bytes_;
    const std::string bytes =
        file_.read(begin, std::min(part_bytes_, size_ - begin));
    crcs_[index] = crc32(bytes);
    parts_[index] = s3_.put_part(
        location_, upload_id_, static_cast<int64_t>(index) + 1, bytes);
    if (--num_left_ == 0) {
      complete();
    }
    return static_cast<int64_t>(bytes.size());
  }

 private:
  void complete() {
    uint32_t crc = crcs_[0];
    for (size_t i = 1; i < crcs_.size(); ++i) {
      const int64_t begin = static_cast<int64_t>(i) * part_bytes_;
      crc = join_crc32(crc, crcs_[i], std::min(part_bytes_, size_ - begin));
    }
    s3_.complete_upload(location_, upload_id_, parts_, crc32_text(crc));
    is_complete_ = true;
  }

  const S3& s3_;
  Location location_;
  InputFile file_;
  int64_t size_;
  int64_t part_bytes_;
  std::atomic<int64_t> num_left_;
  std::string upload_id_;
  std::vector<UploadedPart> parts_;
  std::vector<uint32_t> crcs_;
  std::atomic<bool> is_complete_ = false;
};

void advance(Progress* progress, int64_t num_bytes) {
  if (progress != nullptr) {
    progress->advance(num_bytes);
  }
}

}  // namespace

void upload_files(
    const S3& s3,
    const std::vector<Transfer>& files,
    const TransferOptions& options,
    Progress* progress) {
  WorkerPool pool(options.num_connections);
  for (const auto& transfer : files) {
    std::error_code code;
    const auto size = static_cast<int64_t>(fs::file_size(transfer.path, code));
    if (code) {
      fail(ErrorCode::kIo, "{}: {}", transfer.path.string(), code.message());
    }
    if (size <= options.part_bytes) {
      pool.add([&s3, &transfer, size, progress] {
        const std::string bytes = InputFile(transfer.path).read(0, size);
        s3.put(transfer.location, bytes);
        advance(progress, size);
      });
      continue;
    }
    const int64_t part_bytes =
        std::max(options.part_bytes, ceil_div(size, kMaxParts));
    const auto upload =
        std::make_shared<PartedUpload>(s3, transfer, size, part_bytes);
    for (size_t i = 0; i < upload->num_parts(); ++i) {
      pool.add([upload, i, progress] { advance(progress, upload->send(i)); });
    }
  }
  pool.finish();
}

std::vector<Transfer> files_below(
    const fs::path& folder, const Location& target) {
  std::vector<Transfer> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files.push_back(
          {entry.path(),
           target.below(fs::relative(entry.path(), folder).generic_string())});
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.location.key < b.location.key;
  });
  return files;
}

int64_t total_bytes(const std::vector<Transfer>& files) {
  int64_t num_bytes = 0;
  for (const auto& file : files) {
    num_bytes += static_cast<int64_t>(fs::file_size(file.path));
  }
  return num_bytes;
}

}  // namespace nadir::store
