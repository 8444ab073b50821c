#include "store/s3.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <curl/curl.h>

#include "core/error.h"
#include "core/log.h"
#include "store/checksum.h"
#include "store/s3_xml.h"

namespace nadir::store {
namespace {

constexpr long kOk = 200;
constexpr long kPartial = 206;
constexpr long kNotFound = 404;
constexpr long kPreconditionFailed = 412;
constexpr size_t kMaxDeleted = 1000;
constexpr const char* kCrcHeader = "x-amz-checksum-crc32";

// A name that may stand before the host: with a dot in it the certificate of
// *.s3.REGION.amazonaws.com does not fit.
bool fits_in_host(const std::string& bucket) {
  return bucket.find('.') == std::string::npos;
}

int64_t number_in(const std::string& text) {
  int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The checksum of the whole object. S3 writes that of parts as "text-3"; others
// write it as "text", so that of an object in parts, which its ETag tells, they
// must say what it is of.
std::string whole_crc32(const aws::HttpResponse& response) {
  const std::string text = response.header(kCrcHeader);
  const bool is_in_parts =
      response.header("etag").find('-') != std::string::npos;
  const bool is_whole =
      !is_in_parts || response.header("x-amz-checksum-type") == "FULL_OBJECT";
  return is_whole && text.find('-') == std::string::npos ? text : "";
}

std::string etag_of(const aws::HttpResponse& response) {
  std::string etag = response.header("etag");
  std::erase(etag, '"');
  return etag;
}

// S3 may say 200, work on, and then write that it failed.
std::string error_within(const aws::HttpResponse& response) {
  const std::string code = element_text(response.body, "Code");
  return code.empty() ? ""
                      : code + ": " + element_text(response.body, "Message");
}

// Why the answer is no page of a list; "" where it is one.
std::string read_page(const aws::HttpResponse& response, ListPage& page) {
  try {
    page = parse_list_page(response.body);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

S3::S3(std::shared_ptr<const aws::Session> session, aws::RetryPolicy retry)
    : session_(std::move(session)), retry_(retry) {}

void S3::set_bucket_address(aws::Call& call, const std::string& bucket) const {
  std::string region;
  {
    const std::lock_guard lock(mutex_);
    const auto found = regions_.find(bucket);
    region = found == regions_.end() ? "" : found->second;
  }
  auto& endpoint = call.request.endpoint;
  endpoint = session_->endpoint(aws::Service::kS3);
  if (session_->is_aws_endpoint(aws::Service::kS3)) {
    if (!region.empty()) {
      endpoint.host = fmt::format("s3.{}.amazonaws.com", region);
    }
    if (fits_in_host(bucket)) {
      endpoint.host = bucket + "." + endpoint.host;
    } else {
      endpoint.path += fmt::format("/{}", bucket);
    }
  } else {
    endpoint.path += fmt::format("/{}", bucket);
  }
  call.region = region.empty() ? session_->region_or("us-east-1") : region;
}

aws::Call S3::call_for(
    const std::string& method, const Location& location) const {
  aws::Call call;
  call.name = location.text();
  call.service = aws::Service::kS3;
  call.request.method = method;
  set_bucket_address(call, location.bucket);
  call.request.path = fmt::format("/{}", aws::uri_encode(location.key, true));
  return call;
}

aws::HttpResponse S3::send(aws::Call& call) const {
  const Location location = parse_location(call.name);
  try {
    return aws::send_signed(*session_, call, retry_);
  } catch (const aws::ServiceError& error) {
    if (error.region().empty() || error.region() == call.region) {
      throw;
    }
    log_debug("store", "{} lies in {}", location.bucket, error.region());
    const std::lock_guard lock(mutex_);
    regions_[location.bucket] = error.region();
  }
  set_bucket_address(call, location.bucket);
  return aws::send_signed(*session_, call, retry_);
}

aws::Call S3::list_call(
    const Location& prefix, const std::string& token) const {
  aws::Call call = call_for("GET", {prefix.bucket, ""});
  call.name = prefix.text();
  call.request.query = {
      {"list-type", "2"}, {"prefix", prefix.key}, {"encoding-type", "url"}};
  if (!token.empty()) {
    call.request.query.emplace_back("continuation-token", token);
  }
  return call;
}

void S3::list(
    const Location& prefix,
    const std::function<void(const ObjectInfo&)>& visit) const {
  std::string token;
  do {
    auto call = list_call(prefix, token);
    ListPage page;
    call.check = [&](const aws::HttpResponse& response) {
      return read_page(response, page);
    };
    (void)send(call);
    for (const auto& object : page.objects) {
      visit(object);
    }
    token = page.next_token;
  } while (!token.empty());
}

std::vector<ObjectInfo> S3::list(const Location& prefix) const {
  std::vector<ObjectInfo> objects;
  list(prefix, [&](const ObjectInfo& object) { objects.push_back(object); });
  return objects;
}

bool S3::has_any(const Location& prefix) const {
  auto call = list_call(prefix, "");
  call.request.query.emplace_back("max-keys", "1");
  ListPage page;
  call.check = [&](const aws::HttpResponse& response) {
    return read_page(response, page);
  };
  (void)send(call);
  return !page.objects.empty();
}

std::optional<ObjectInfo> S3::find(const Location& location) const {
  if (location.key.empty() || location.key.ends_with('/')) {
    return std::nullopt;
  }
  auto call = call_for("HEAD", location);
  call.request.headers = {{"x-amz-checksum-mode", "ENABLED"}};
  call.accepts = [](long status) { return status == kNotFound; };
  const auto response = send(call);
  if (response.status == kNotFound) {
    return std::nullopt;
  }
  ObjectInfo info;
  info.key = location.key;
  info.num_bytes = number_in(response.header("content-length"));
  info.etag = etag_of(response);
  info.crc32 = whole_crc32(response);
  // A date of HTTP, such as "Thu, 26 Nov 2026 05:00:00 GMT".
  info.modified_s = std::max<int64_t>(
      curl_getdate(response.header("last-modified").c_str(), nullptr), 0);
  return info;
}

std::string S3::get(const Location& location) const {
  auto call = call_for("GET", location);
  call.request.headers = {{"x-amz-checksum-mode", "ENABLED"}};
  call.check = [](const aws::HttpResponse& response) -> std::string {
    const std::string wanted = whole_crc32(response);
    const std::string found = crc32_text(crc32(response.body));
    return wanted.empty() || wanted == found
               ? ""
               : fmt::format(
                     "its CRC-32 is {}, expected {}: bytes were changed on the "
                     "way",
                     found,
                     wanted);
  };
  return send(call).body;
}

void S3::get_range(
    const Location& location,
    int64_t begin,
    int64_t num_bytes,
    char* out,
    const std::string& etag) const {
  if (num_bytes == 0) {
    return;
  }
  auto call = call_for("GET", location);
  call.request.headers = {
      {"range", fmt::format("bytes={}-{}", begin, begin + num_bytes - 1)}};
  if (!etag.empty()) {
    call.request.headers.emplace_back("if-match", "\"" + etag + "\"");
  }
  int64_t num_read = 0;
  call.begin = [&] { num_read = 0; };
  call.sink = [&](std::string_view bytes) {
    const auto size = static_cast<int64_t>(bytes.size());
    if (size > num_bytes - num_read) {
      return false;  // more than was asked for
    }
    std::memcpy(out + num_read, bytes.data(), bytes.size());
    num_read += size;
    return true;
  };
  call.accepts = [](long status) { return status == kPreconditionFailed; };
  call.check = [&](const aws::HttpResponse& response) -> std::string {
    if (response.status == kPreconditionFailed) {
      return "";
    }
    const bool is_all_asked = response.status == kOk && begin == 0;
    if (response.status != kPartial && !is_all_asked) {
      return "the server does not send ranges";
    }
    return num_read == num_bytes ? ""
                                 : fmt::format(
                                       "{} bytes came of {} from {} on",
                                       num_read,
                                       num_bytes,
                                       begin);
  };
  const auto response = send(call);
  if (response.status == kPreconditionFailed) {
    fail(
        ErrorCode::kCorruptData,
        "{} was replaced while it was read; run the same command again",
        location.text());
  }
}

void S3::put(
    const Location& location, std::string_view bytes, bool only_new) const {
  auto call = call_for("PUT", location);
  call.body = bytes;
  call.request.headers = {
      {"x-amz-sdk-checksum-algorithm", "CRC32"},
      {kCrcHeader, crc32_text(crc32(bytes))}};
  if (only_new) {
    call.request.headers.emplace_back("if-none-match", "*");
    call.accepts = [](long status) { return status == kPreconditionFailed; };
  }
  const auto response = send(call);
  NADIR_CHECK(
      response.status != kPreconditionFailed,
      "{} is there already; choose another name, or delete it",
      location.text());
}

std::string S3::start_upload(const Location& location) const {
  auto call = call_for("POST", location);
  call.request.query = {{"uploads", ""}};
  call.request.headers = {
      {"x-amz-checksum-algorithm", "CRC32"},
      {"x-amz-checksum-type", "FULL_OBJECT"}};
  std::string upload_id;
  call.check = [&](const aws::HttpResponse& response) -> std::string {
    upload_id = element_text(response.body, "UploadId");
    return upload_id.empty() ? "the answer has no UploadId" : "";
  };
  (void)send(call);
  return upload_id;
}

UploadedPart S3::put_part(
    const Location& location,
    const std::string& upload_id,
    int64_t number,
    std::string_view bytes) const {
  UploadedPart part;
  part.number = number;
  part.crc32 = crc32_text(crc32(bytes));
  auto call = call_for("PUT", location);
  call.request.query = {
      {"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
  call.body = bytes;
  call.request.headers = {
      {"x-amz-sdk-checksum-algorithm", "CRC32"}, {kCrcHeader, part.crc32}};
  call.check = [](const aws::HttpResponse& response) -> std::string {
    return response.header("etag").empty() ? "the answer has no ETag" : "";
  };
  part.etag = send(call).header("etag");
  return part;
}

void S3::complete_upload(
    const Location& location,
    const std::string& upload_id,
    const std::vector<UploadedPart>& parts,
    const std::string& crc32) const {
  auto call = call_for("POST", location);
  call.request.query = {{"uploadId", upload_id}};
  call.request.headers = {
      {"content-type", "application/xml"},
      {kCrcHeader, crc32},
      {"x-amz-checksum-type", "FULL_OBJECT"}};
  call.request.body = complete_upload_xml(parts);
  call.check = error_within;
  (void)send(call);
}

void S3::abort_upload(
    const Location& location, const std::string& upload_id) const noexcept {
  try {
    auto call = call_for("DELETE", location);
    call.request.query = {{"uploadId", upload_id}};
    (void)send(call);
  } catch (const std::exception& error) {
    log_warning(
        "store",
        "an unfinished upload of {} is left behind (upload id {}): {}",
        location.text(),
        upload_id,
        error.what());
  }
}

void S3::remove(
    const std::string& bucket, const std::vector<std::string>& keys) const {
  for (size_t begin = 0; begin < keys.size(); begin += kMaxDeleted) {
    const size_t end = std::min(begin + kMaxDeleted, keys.size());
    auto call = call_for("POST", {bucket, ""});
    call.name = Location{bucket, keys[begin]}.text();
    call.request.query = {{"delete", ""}};
    call.request.body = delete_xml(keys, begin, end);
    call.request.headers = {
        {"content-type", "application/xml"},
        {"x-amz-sdk-checksum-algorithm", "CRC32"},
        {kCrcHeader, crc32_text(crc32(call.request.body))}};
    call.check = error_within;
    (void)send(call);
  }
}

}  // namespace nadir::store
