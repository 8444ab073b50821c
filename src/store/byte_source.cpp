#include "store/byte_source.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir::store {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path)
      : name_(path.string()),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};

    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
      const int error = errno;
      close();
      fail(
          error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
          "{}: could not be opened: {}",
          name_,
          std::strerror(error));
    }
    num_bytes_ = status.st_size;
  }

  ~FileSource() override { close(); }

  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] const std::string& name() const override { return name_; }

  [[nodiscard]] int64_t num_bytes() const override { return num_bytes_; }

  int64_t read(int64_t begin, int64_t size, char* out) override {
    int64_t num_read = 0;
    while (num_read < size) {
      const auto got = ::pread(
          descriptor_,
          out + num_read,
          static_cast<size_t>(size - num_read),
          begin + num_read);
      if (got < 0) {
        fail(ErrorCode::kIo, "{}: {}", name_, std::strerror(errno));
      }
      if (got == 0) {
        break;
      }
      num_read += got;
    }
    return num_read;
  }

 private:
  void close() const {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  std::string name_;
  int descriptor_;
  int64_t num_bytes_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::filesystem::path& path) {
  return std::make_unique<FileSource>(path);
}

}  // namespace nadir::store
