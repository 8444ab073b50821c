#include "aws/http.h"

#include <algorithm>
#include <cctype>
#include <exception>
#include <mutex>
#include <vector>

#include <curl/curl.h>

#include "core/error.h"
#include "core/signals.h"

namespace nadir::aws {
namespace {

constexpr long kFirstFailure = 300;
constexpr long kKeepAliveSeconds = 30;
constexpr long kBufferBytes = 256 << 10;

struct EasyCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

using Easy = std::unique_ptr<CURL, EasyCloser>;

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Once a process, before the first thread sends.
void start_curl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    fail(
        ErrorCode::kIo,
        "libcurl does not start: {}",
        curl_easy_strerror(result));
  }
}

// One exchange, as libcurl's callbacks see it.
struct Exchange {
  CURL* handle = nullptr;
  HttpResponse response{};
  const BodySink* sink = nullptr;
  bool is_stopped = false;
  int signal = caught_signal();  // before it
  std::exception_ptr thrown{};  // by the sink: nothing may pass through libcurl
  std::string_view upload{};
  size_t num_sent = 0;

  [[nodiscard]] bool streams() {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
    return *sink && response.status < kFirstFailure;
  }
};

size_t take_body(char* bytes, size_t, size_t num_bytes, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    if (!exchange.streams()) {
      exchange.response.body.append(bytes, num_bytes);
      return num_bytes;
    }
    exchange.is_stopped = !(*exchange.sink)({bytes, num_bytes});
  } catch (...) {
    exchange.is_stopped = true;
    exchange.thrown = std::current_exception();
  }
  return exchange.is_stopped ? 0 : num_bytes;
}

size_t take_header(char* bytes, size_t, size_t num_bytes, void* user) {
  auto& headers = static_cast<Exchange*>(user)->response.headers;
  std::string line(bytes, num_bytes);
  if (line.starts_with("HTTP/")) {
    headers.clear();  // of a 100 Continue before
    return num_bytes;
  }
  const auto colon = line.find(':');
  if (colon == std::string::npos) {
    return num_bytes;
  }
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  const auto begin = line.find_first_not_of(" \t", colon + 1);
  const auto end = line.find_last_not_of(" \t\r\n");
  headers[name] = begin == std::string::npos || end < begin
                      ? ""
                      : line.substr(begin, end - begin + 1);
  return num_bytes;
}

size_t give_body(char* bytes, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t num_bytes =
      std::min(size * count, exchange.upload.size() - exchange.num_sent);
  std::copy_n(exchange.upload.data() + exchange.num_sent, num_bytes, bytes);
  exchange.num_sent += num_bytes;
  return num_bytes;
}

// libcurl goes back to the start where a connection that it kept was closed.
int rewind_body(void* user, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (origin != SEEK_SET ||
      offset > static_cast<curl_off_t>(exchange.upload.size())) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  exchange.num_sent = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// A signal ends the requests that are under way. Those that begin after it are
// what its handling needs: the last checkpoint's way to S3.
int stop_on_new_signal(
    void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return caught_signal() != static_cast<Exchange*>(user)->signal ? 1 : 0;
}

std::unique_ptr<curl_slist, ListCloser> header_list(
    const HttpRequest& request) {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) {
    list = curl_slist_append(list, line.c_str());
  };
  for (const auto& [name, value] : request.headers) {
    // Without a value libcurl takes a colon for "leave this header out".
    const bool is_blank = value.find_first_not_of(" \t") == std::string::npos;
    add(is_blank ? name + ";" : name + ": " + value);
  }
  add("Expect:");
  add("Accept:");
  const bool names_type = std::any_of(
      request.headers.begin(), request.headers.end(), [](const auto& header) {
        return header.first == "content-type";
      });
  if (!names_type) {
    add("Content-Type:");  // else libcurl takes a form's
  }
  return std::unique_ptr<curl_slist, ListCloser>(list);
}

void check_headers(const HttpRequest& request) {
  using namespace std::string_view_literals;
  for (const auto& [name, value] : request.headers) {
    // The value may be a secret: it is not shown.
    NADIR_CHECK(
        (name + value).find_first_of("\r\n\0"sv) == std::string::npos,
        "the header '{}' for {} holds a line break, and is not sent: is there "
        "one in a key or token?",
        name.substr(0, name.find_first_of("\r\n\0"sv)),
        request.endpoint.text());
  }
}

void set_method(CURL* curl, const HttpRequest& request, Exchange& exchange) {
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl, option, value);
  };
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT") {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, give_body);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_SEEKFUNCTION, rewind_body);
    set(CURLOPT_SEEKDATA, &exchange);
    set(CURLOPT_INFILESIZE_LARGE,
        static_cast<curl_off_t>(exchange.upload.size()));
  } else if (request.method == "POST") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, exchange.upload.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(exchange.upload.size()));
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

// Handles at rest, each with the connections it keeps.
struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<Easy> resting;

  Easy take() {
    const std::lock_guard lock(mutex);
    if (resting.empty()) {
      return Easy(curl_easy_init());
    }
    Easy handle = std::move(resting.back());
    resting.pop_back();
    return handle;
  }

  void give_back(Easy handle) {
    const std::lock_guard lock(mutex);
    resting.push_back(std::move(handle));
  }
};

HttpClient::HttpClient(HttpOptions options, std::string ca_bundle)
    : pool_(std::make_unique<Pool>()),
      options_(options),
      ca_bundle_(std::move(ca_bundle)) {
  start_curl();
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(
    const HttpRequest& request,
    const BodySink& sink,
    std::string_view body) const {
  check_headers(request);
  Easy handle = pool_->take();
  CURL* curl = handle.get();
  Exchange exchange;
  exchange.handle = curl;
  exchange.sink = &sink;
  exchange.upload = body.empty() ? std::string_view(request.body) : body;
  const auto headers = header_list(request);
  const std::string url = request.url();
  char reason[CURL_ERROR_SIZE] = "";
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl, option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_USERAGENT, "nadir");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(options_.stall_timeout.count()));
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, stop_on_new_signal);
  set(CURLOPT_XFERINFODATA, &exchange);
  if (!options_.uses_proxy) {
    set(CURLOPT_PROXY, "");
  }
  if (!ca_bundle_.empty()) {
    set(CURLOPT_CAINFO, ca_bundle_.c_str());
  }
  set_method(curl, request, exchange);
  const CURLcode result = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.response.status);
  curl_easy_reset(curl);  // keeps the connections, and nothing of ours
  pool_->give_back(std::move(handle));
  if (exchange.thrown) {
    std::rethrow_exception(exchange.thrown);
  }
  if (result == CURLE_ABORTED_BY_CALLBACK) {
    fail(ErrorCode::kIo, "{}: interrupted", request.endpoint.text());
  }
  if (result != CURLE_OK) {
    throw HttpFailure(
        exchange.is_stopped ? "the body was refused"
        : reason[0] != '\0' ? std::string(reason)
                            : std::string(curl_easy_strerror(result)));
  }
  return std::move(exchange.response);
}

}  // namespace nadir::aws
