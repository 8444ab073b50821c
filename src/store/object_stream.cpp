#include "store/object_stream.h"

#include <algorithm>
#include <future>

#include "core/ceil_div.h"
#include "core/error.h"
#include "store/worker_pool.h"

namespace nadir::store {
namespace {

class ObjectStream : public ByteSource {
 public:
  ObjectStream(
      std::shared_ptr<const S3> s3,
      const Location& location,
      ObjectInfo object,
      const StreamOptions& options)
      : s3_(std::move(s3)),
        location_(location),
        name_(location.text()),
        object_(std::move(object)),
        options_(options),
        pool_(options.num_ahead) {}

  [[nodiscard]] const std::string& name() const override { return name_; }

  [[nodiscard]] int64_t num_bytes() const override { return object_.num_bytes; }

  int64_t read(int64_t begin, int64_t size, char* out) override {
    size = std::clamp<int64_t>(object_.num_bytes - begin, 0, size);
    for (int64_t done = 0; done < size;) {
      const int64_t position = begin + done;
      const int64_t number = position / options_.chunk_bytes;
      const std::string& bytes = chunk(number);
      const int64_t offset = position - number * options_.chunk_bytes;
      const int64_t part =
          std::min(size - done, static_cast<int64_t>(bytes.size()) - offset);
      std::copy_n(bytes.data() + offset, part, out + done);
      done += part;
    }
    return size;
  }

 private:
  using Fetch = std::packaged_task<std::string()>;

  [[nodiscard]] std::string fetch(int64_t number) const {
    const int64_t begin = number * options_.chunk_bytes;
    const int64_t size =
        std::min(options_.chunk_bytes, object_.num_bytes - begin);
    std::string bytes(static_cast<size_t>(size), '\0');
    s3_->get_range(location_, begin, size, bytes.data(), object_.etag);
    return bytes;
  }

  // Waits for the chunk, and has those behind it fetched.
  const std::string& chunk(int64_t number) {
    if (number == current_number_) {
      return current_;
    }
    const int64_t num_chunks =
        ceil_div(object_.num_bytes, options_.chunk_bytes);
    const int64_t end = std::min(num_chunks, number + options_.num_ahead);
    std::erase_if(ahead_, [&](const auto& entry) {
      return entry.first < number || entry.first >= end;
    });
    for (int64_t i = number; i < end; ++i) {
      if (!ahead_.contains(i)) {
        auto task = std::make_shared<Fetch>([this, i] { return fetch(i); });
        ahead_.emplace(i, task->get_future());
        pool_.add([task] { (*task)(); });
      }
    }
    auto waited = ahead_.extract(number);
    current_number_ = -1;
    current_ = waited.mapped().get();
    current_number_ = number;
    return current_;
  }

  std::shared_ptr<const S3> s3_;
  Location location_;
  std::string name_;
  ObjectInfo object_;
  StreamOptions options_;
  std::map<int64_t, std::future<std::string>> ahead_;
  int64_t current_number_ = -1;
  std::string current_;
  WorkerPool pool_;  // goes first: its pieces use the rest
};

}  // namespace

std::unique_ptr<ByteSource> open_stream(
    std::shared_ptr<const S3> s3,
    const Location& location,
    const StreamOptions& options) {
  auto object = s3->find(location);
  if (!object) {
    fail(ErrorCode::kNotFound, "there is no {}", location.text());
  }
  return std::make_unique<ObjectStream>(
      std::move(s3), location, std::move(*object), options);
}

}  // namespace nadir::store
