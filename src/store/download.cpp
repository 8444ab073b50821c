#include "store/download.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "store/checksum.h"
#include "store/worker_pool.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMd5Digits = 32;

// An ETag is the MD5 of an object that came in one piece, unless S3 encrypted
// it with a key of KMS: then it looks the same. So it speaks for an object that
// fits, and does not speak against one that does not.
bool looks_like_md5(const std::string& etag) {
  return etag.size() == kMd5Digits &&
         etag.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// One object that comes in ranges; the last range to arrive completes it.
class RangedDownload {
 public:
  RangedDownload(const S3& s3, const Download& download, int64_t part_bytes)
      : s3_(s3),
        download_(download),
        part_bytes_(part_bytes),
        num_left_(std::max<int64_t>(
            1, ceil_div(download.object.num_bytes, part_bytes))),
        crcs_(static_cast<size_t>(num_left_)) {
    if (download_.path.has_parent_path()) {
      make_folder(download_.path.parent_path());
    }
    temporary_ = download_.path;
    temporary_ += fmt::format(".part-{}", ::getpid());
    descriptor_ = ::open(
        temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      fail_on_disk("cannot be made");
    }
  }

  ~RangedDownload() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
    if (!is_complete_) {
      std::error_code code;
      fs::remove(temporary_, code);
    }
  }

  RangedDownload(const RangedDownload&) = delete;
  RangedDownload& operator=(const RangedDownload&) = delete;

  [[nodiscard]] size_t num_parts() const { return crcs_.size(); }

  // From any thread, each range once. Returns its bytes.
  int64_t receive(size_t index) {
    const int64_t begin = static_cast<int64_t>(index) * part_bytes_;
    const int64_t size =
        std::min(part_bytes_, download_.object.num_bytes - begin);
    std::string bytes(static_cast<size_t>(size), '\0');
    s3_.get_range(
        download_.location, begin, size, bytes.data(), download_.object.etag);
    crcs_[index] = crc32(bytes);
    write(bytes, begin);
    if (--num_left_ == 0) {
      complete();
    }
    return size;
  }

 private:
  [[noreturn]] void fail_on_disk(const char* what) const {
    fail(
        ErrorCode::kIo,
        "{} {}: {}",
        temporary_.string(),
        what,
        std::strerror(errno));
  }

  void write(const std::string& bytes, int64_t begin) const {
    for (size_t done = 0; done < bytes.size();) {
      const auto size = ::pwrite(
          descriptor_,
          bytes.data() + done,
          bytes.size() - done,
          begin + static_cast<int64_t>(done));
      if (size < 0) {
        fail_on_disk("cannot be written");
      }
      done += static_cast<size_t>(size);
    }
  }

  [[nodiscard]] std::string crc_of_all() const {
    uint32_t crc = crcs_[0];
    for (size_t i = 1; i < crcs_.size(); ++i) {
      const int64_t begin = static_cast<int64_t>(i) * part_bytes_;
      crc = join_crc32(
          crc,
          crcs_[i],
          std::min(part_bytes_, download_.object.num_bytes - begin));
    }
    return crc32_text(crc);
  }

  void complete() {
    std::string wanted = download_.object.crc32;
    if (wanted.empty()) {  // lists do not tell it
      const bool is_md5 = looks_like_md5(download_.object.etag);
      if (is_md5 && file_hash_hex(Hasher::Kind::kMd5, temporary_) ==
                        download_.object.etag) {
        return publish();
      }
      const auto object = s3_.find(download_.location);
      wanted = object ? object->crc32 : "";
    }
    if (!wanted.empty() && wanted != crc_of_all()) {
      fail(
          ErrorCode::kCorruptData,
          "{}: the CRC-32 of what came is {}, expected {}: bytes were changed "
          "on the way or in the store",
          download_.location.text(),
          crc_of_all(),
          wanted);
    }
    publish();
  }

  void publish() {
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) {
      fail_on_disk("cannot be written");
    }
    fs::rename(temporary_, download_.path);
    is_complete_ = true;
  }

  const S3& s3_;
  const Download& download_;
  int64_t part_bytes_;
  std::atomic<int64_t> num_left_;
  std::vector<uint32_t> crcs_;
  fs::path temporary_;
  int descriptor_ = -1;
  std::atomic<bool> is_complete_ = false;
};

}  // namespace

void download_objects(
    const S3& s3,
    const std::vector<Download>& objects,
    const TransferOptions& options,
    Progress* progress) {
  WorkerPool pool(options.num_connections);
  for (const auto& object : objects) {
    const auto download =
        std::make_shared<RangedDownload>(s3, object, options.part_bytes);
    for (size_t i = 0; i < download->num_parts(); ++i) {
      pool.add([download, i, progress] {
        const int64_t num_bytes = download->receive(i);
        if (progress != nullptr) {
          progress->advance(num_bytes);
        }
      });
    }
  }
  pool.finish();
}

std::vector<Download> find_below(
    const S3& s3, const Location& source, const fs::path& folder) {
  const Location root = source.as_folder();
  std::vector<Download> objects;
  s3.list(root, [&](const ObjectInfo& object) {
    const std::string name = object.key.substr(root.key.size());
    if (name.empty() || name.ends_with('/')) {
      return;  // the mark of a folder
    }
    const fs::path relative(name);
    const bool leaves =
        std::any_of(relative.begin(), relative.end(), [](const fs::path& step) {
          return step == ".." || step == ".";
        });
    if (leaves || relative.is_absolute()) {
      fail(
          ErrorCode::kCorruptData,
          "s3://{}/{}: this name would leave the folder it is copied to",
          source.bucket,
          object.key);
    }
    objects.push_back({{source.bucket, object.key}, object, folder / relative});
  });
  return objects;
}

std::vector<Download> objects_below(
    const S3& s3, const Location& source, const fs::path& folder) {
  auto objects = find_below(s3, source, folder);
  if (objects.empty()) {
    fail(ErrorCode::kNotFound, "{}: there is nothing there", source.text());
  }
  return objects;
}

int64_t total_bytes(const std::vector<Download>& objects) {
  int64_t num_bytes = 0;
  for (const auto& object : objects) {
    num_bytes += object.object.num_bytes;
  }
  return num_bytes;
}

}  // namespace nadir::store
