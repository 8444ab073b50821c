#include "data/fetch.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include <unistd.h>

#include <curl/curl.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr long kOk = 200;
constexpr long kPartial = 206;
constexpr long kRangeNotSatisfiable = 416;
constexpr long kTooManyRequests = 429;
constexpr long kFirstServerError = 500;
constexpr long kMaxRedirects = 10;
constexpr std::chrono::milliseconds kLongestWait{60'000};

struct CurlCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

using FilePtr = std::unique_ptr<std::FILE, FileCloser>;

int64_t size_of(const fs::path& path) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  return code ? 0 : static_cast<int64_t>(size);
}

// What one request came to.
struct Reply {
  CURLcode result = CURLE_OK;
  long status = 0;
  std::string message;
  bool is_final = false;  // another request would come to the same
};

// Where libcurl's callback puts bytes. A server that ignores the range sends
// the whole file: then what is there is dropped.
struct Sink {
  CURL* handle = nullptr;
  std::FILE* file = nullptr;
  int64_t offset = 0;
  bool has_begun = false;
  bool is_refused = false;  // an error page, not the file
  bool is_other = false;    // a whole file that cannot be this one
  int64_t num_expected = 0;
  int write_error = 0;  // errno
  Progress* progress = nullptr;
};

size_t take_bytes(char* bytes, size_t, size_t num_bytes, void* user) {
  auto* sink = static_cast<Sink*>(user);
  if (!sink->has_begun) {
    sink->has_begun = true;
    long status = 0;
    curl_easy_getinfo(sink->handle, CURLINFO_RESPONSE_CODE, &status);
    // 0 where there is no HTTP: file://.
    sink->is_refused = status != kOk && status != kPartial && status != 0;
    if (status == kOk && sink->offset > 0) {
      // A portal's greeting page must not cost what is here already.
      curl_off_t length = -1;
      curl_easy_getinfo(
          sink->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      sink->is_other =
          length >= 0 && (sink->num_expected > 0 ? length != sink->num_expected
                                                 : length < sink->offset);
      if (sink->is_other) {
        return 0;
      }
    }
    if (status == kOk && sink->offset > 0 &&
        (std::fflush(sink->file) != 0 ||
         ftruncate(fileno(sink->file), 0) != 0 ||
         std::fseek(sink->file, 0, SEEK_SET) != 0)) {
      return 0;
    }
  }
  if (sink->is_refused) {
    return num_bytes;
  }
  sink->progress->advance(static_cast<int64_t>(num_bytes));
  const size_t num_written = std::fwrite(bytes, 1, num_bytes, sink->file);
  if (num_written < num_bytes) {
    sink->write_error = errno;
  }
  return num_written;
}

int stop_on_signal(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return caught_signal() != 0 ? 1 : 0;
}

Reply request(
    const FetchFile& file,
    const fs::path& part,
    const FetchOptions& options,
    Progress& progress) {
  const std::unique_ptr<CURL, CurlCloser> handle(curl_easy_init());
  const FilePtr output(std::fopen(part.c_str(), "ab"));
  if (!output) {
    fail(ErrorCode::kIo, "{}: could not be opened", part.string());
  }
  Sink sink{
      .handle = handle.get(),
      .file = output.get(),
      .offset = size_of(part),
      .num_expected = file.num_bytes,
      .progress = &progress};
  char reason[CURL_ERROR_SIZE] = "";
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, file.url.c_str());
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "nadir");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(
      curl,
      CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_on_signal);
  if (sink.offset > 0) {
    curl_easy_setopt(
        curl, CURLOPT_RANGE, fmt::format("{}-", sink.offset).c_str());
  }
  Reply reply;
  reply.result = curl_easy_perform(curl);
  if (std::fflush(output.get()) != 0) {
    sink.write_error = errno;
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  reply.message = reason[0] != '\0' ? reason : curl_easy_strerror(reply.result);
  if (sink.is_other) {
    reply.message = fmt::format(
        "the server sends another file than the one begun in {}; it is kept",
        part.string());
    reply.is_final = true;
  } else if (sink.write_error != 0) {
    reply.message = fmt::format(
        "{} cannot be written: {}",
        part.string(),
        std::strerror(sink.write_error));
    reply.is_final = true;
  } else if (reply.result == CURLE_TOO_MANY_REDIRECTS) {
    reply.is_final = true;
  }
  return reply;
}

// Why the file at `path` is not the wanted one, or "".
std::string mismatch(const FetchFile& file, const fs::path& path) {
  const int64_t num_bytes = size_of(path);
  if (file.num_bytes > 0 && num_bytes != file.num_bytes) {
    return fmt::format(
        "it has {} bytes, expected {}", num_bytes, file.num_bytes);
  }
  if (!file.md5.empty()) {
    const auto md5 = file_hash_hex(Hasher::Kind::kMd5, path);
    if (md5 != file.md5) {
      return fmt::format("its MD5 is {}, expected {}", md5, file.md5);
    }
  }
  if (!file.sha256.empty()) {
    const auto sha256 = file_hash_hex(Hasher::Kind::kSha256, path);
    if (sha256 != file.sha256) {
      return fmt::format("its SHA-256 is {}, expected {}", sha256, file.sha256);
    }
  }
  return "";
}

// Whether another request may succeed.
bool is_worth_retrying(const Reply& reply) {
  return reply.status == 0 || reply.status == kOk || reply.status == kPartial ||
         reply.status == kTooManyRequests || reply.status >= kFirstServerError;
}

[[noreturn]] void fail_request(const FetchFile& file, const Reply& reply) {
  if (reply.status >= 400) {
    fail(
        ErrorCode::kIo,
        "{}: the server answers {}; --url names a mirror",
        file.url,
        reply.status);
  }
  fail(
      ErrorCode::kIo,
      "{}: {}; the same command goes on where it stopped, --url names a mirror",
      file.url,
      reply.message);
}

// Requests the rest of the file until all of it is in `part`.
void download(
    const FetchFile& file, const fs::path& part, const FetchOptions& options) {
  Progress progress(
      "fetching " + file.file_name,
      file.num_bytes > 0 ? file.num_bytes : -1,
      "bytes");
  progress.advance(size_of(part));
  int num_failed = 0;
  auto wait = options.first_wait;
  for (;;) {
    const int64_t before = size_of(part);
    if (file.num_bytes > 0 && before >= file.num_bytes) {
      return;  // complete, or too long, which mismatch() tells
    }
    const Reply reply = request(file, part, options, progress);
    const bool is_answered =
        reply.status == kOk || reply.status == kPartial || reply.status == 0;
    if (reply.result == CURLE_OK && is_answered && !reply.is_final) {
      return;
    }
    if (reply.status == kRangeNotSatisfiable && before > 0) {
      return;  // nothing is left to send
    }
    if (reply.result == CURLE_ABORTED_BY_CALLBACK || reply.is_final ||
        !is_worth_retrying(reply)) {
      fail_request(file, reply);
    }
    if (size_of(part) > before) {
      num_failed = 0;
      wait = options.first_wait;
    }
    if (++num_failed >= options.max_attempts) {
      fail_request(file, reply);
    }
    log_warning(
        "data",
        "{}: {}; going on in {} ms",
        file.file_name,
        reply.status >= 400 ? fmt::format("status {}", reply.status)
                            : reply.message,
        wait.count());
    std::this_thread::sleep_for(wait);
    wait = std::min(2 * wait, kLongestWait);
  }
}

}  // namespace

FetchOutcome fetch_file(
    const FetchFile& file,
    const fs::path& folder,
    const FetchOptions& options) {
  make_folder(folder);
  const fs::path target = folder / file.file_name;
  if (fs::exists(target)) {
    const std::string problem = mismatch(file, target);
    if (!problem.empty()) {
      fail(
          ErrorCode::kCorruptData,
          "{}: is there, but {}; move it away to fetch it again",
          target.string(),
          problem);
    }
    return FetchOutcome::kWasThere;
  }
  const fs::path part = target.string() + ".part";
  download(file, part, options);
  const std::string problem = mismatch(file, part);
  if (!problem.empty()) {
    fs::remove(part);
    fail(
        ErrorCode::kCorruptData,
        "{}: the server sent another file: {}",
        file.url,
        problem);
  }
  sync_to_disk(part);
  fs::rename(part, target);
  return FetchOutcome::kFetched;
}

}  // namespace nadir::data
