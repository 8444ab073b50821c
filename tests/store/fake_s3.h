// A store of S3's protocol in memory, that a test can look into and have fail.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aws/session.h"
#include "aws/uri.h"
#include "core/hash.h"
#include "store/checksum.h"
#include "store/s3.h"
#include "support/loopback_server.h"
#include "support/variables.h"

namespace nadir::store {

class FakeS3 {
 public:
  // Answers in place of the store where it returns something.
  using Fault =
      std::function<std::optional<ServedAnswer>(const ServedRequest&)>;

  FakeS3()
      : server_([this](const ServedRequest& request) {
          const std::lock_guard lock(mutex_);
          if (fault_) {
            auto answer = fault_(request);
            if (answer) {
              return *answer;
            }
          }
          return answer(request);
        }) {}

  [[nodiscard]] Environment environment() const {
    return environment_with(
        {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
         {"AWS_SECRET_ACCESS_KEY", "secret"},
         {"AWS_REGION", "eu-central-1"},
         {"AWS_ENDPOINT_URL", server_.url()}});
  }

  // Tries five times, without long waits.
  [[nodiscard]] std::shared_ptr<const S3> s3() const {
    const aws::RetryPolicy retry{
        5, std::chrono::milliseconds(1), std::chrono::milliseconds(4)};
    return std::make_shared<S3>(
        std::make_shared<aws::Session>(aws::SessionOptions{}, environment()),
        retry);
  }

  void set_fault(Fault fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }

  void put(const std::string& key, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    objects_[key] = bytes;
  }

  [[nodiscard]] std::map<std::string, std::string> objects() const {
    const std::lock_guard lock(mutex_);
    return objects_;
  }

  [[nodiscard]] size_t num_uploads_left() const {
    const std::lock_guard lock(mutex_);
    return uploads_.size();
  }

  [[nodiscard]] size_t num_requests(const std::string& method) const {
    size_t count = 0;
    for (const auto& request : server_.requests()) {
      count += request.method == method ? 1 : 0;
    }
    return count;
  }

  static constexpr size_t kPageKeys = 3;  // of a list

 private:
  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
  };

  struct Asked {
    std::string key;  // behind the bucket
    std::map<std::string, std::string> query;
  };

  static Asked asked_of(const ServedRequest& request) {
    Asked asked;
    const auto mark = request.target.find('?');
    const std::string path = request.target.substr(0, mark);
    asked.key = aws::uri_decode(path.substr(path.find('/', 1) + 1));
    std::string rest =
        mark == std::string::npos ? "" : request.target.substr(mark + 1);
    while (!rest.empty()) {
      const auto end = rest.find('&');
      const std::string pair = rest.substr(0, end);
      const auto equals = pair.find('=');
      asked.query[pair.substr(0, equals)] =
          aws::uri_decode(pair.substr(equals + 1));
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
    return asked;
  }

  static ServedAnswer refusal(int status, const std::string& code) {
    return {status, "<Error><Code>" + code + "</Code></Error>"};
  }

  static std::string etag_of(const std::string& bytes) {
    Hasher hasher(Hasher::Kind::kMd5);
    hasher.update(bytes);
    return "\"" + hasher.hex() + "\"";
  }

  ServedAnswer answer(const ServedRequest& request) {
    const Asked asked = asked_of(request);
    const std::string wanted = request.header("x-amz-checksum-crc32");
    const bool has_bytes = request.method == "PUT";
    if (has_bytes && wanted != crc32_text(crc32(request.body))) {
      return refusal(400, "BadDigest");
    }
    if (request.method == "PUT") {
      return put_answer(request, asked);
    }
    if (request.method == "POST") {
      return post_answer(request, asked);
    }
    if (request.method == "DELETE") {
      uploads_.erase(asked.query.at("uploadId"));
      return {204};
    }
    if (asked.query.contains("list-type")) {
      return list_answer(asked);
    }
    return get_answer(request, asked);
  }

  ServedAnswer put_answer(const ServedRequest& request, const Asked& asked) {
    if (asked.query.contains("uploadId")) {
      const auto upload = uploads_.find(asked.query.at("uploadId"));
      if (upload == uploads_.end()) {
        return refusal(404, "NoSuchUpload");
      }
      upload->second.parts[std::stoi(asked.query.at("partNumber"))] =
          request.body;
    } else if (
        request.header("if-none-match") == "*" &&
        objects_.contains(asked.key)) {
      return refusal(412, "PreconditionFailed");
    } else {
      objects_[asked.key] = request.body;
    }
    return {200, "", {{"ETag", etag_of(request.body)}}};
  }

  ServedAnswer post_answer(const ServedRequest& request, const Asked& asked) {
    if (asked.query.contains("uploads")) {
      const std::string id = "upload-" + std::to_string(++num_uploads_);
      uploads_[id].key = asked.key;
      return {200, "<R><UploadId>" + id + "</UploadId></R>"};
    }
    if (asked.query.contains("delete")) {
      std::string rest = request.body;
      for (size_t at = 0; (at = rest.find("<Key>")) != std::string::npos;) {
        const size_t end = rest.find("</Key>");
        objects_.erase(rest.substr(at + 5, end - at - 5));
        rest = rest.substr(end + 6);
      }
      return {200, "<DeleteResult/>"};
    }
    const auto upload = uploads_.find(asked.query.at("uploadId"));
    std::string bytes;
    for (const auto& [number, part] : upload->second.parts) {
      bytes += part;
    }
    if (request.header("x-amz-checksum-crc32") != crc32_text(crc32(bytes))) {
      return refusal(400, "BadDigest");
    }
    objects_[upload->second.key] = bytes;
    uploads_.erase(upload);
    return {200, "<CompleteMultipartUploadResult/>"};
  }

  ServedAnswer list_answer(const Asked& asked) const {
    const std::string prefix = asked.query.at("prefix");
    const auto token = asked.query.find("continuation-token");
    std::string xml = "<ListBucketResult><EncodingType>url</EncodingType>";
    size_t count = 0;
    for (const auto& [key, bytes] : objects_) {
      if (!key.starts_with(prefix) ||
          (token != asked.query.end() && key <= token->second)) {
        continue;
      }
      if (count++ == kPageKeys) {
        xml += "<IsTruncated>true</IsTruncated>";
        break;
      }
      xml += "<Contents><Key>" + aws::uri_encode(key, true) + "</Key><Size>" +
             std::to_string(bytes.size()) + "</Size><ETag>" + etag_of(bytes) +
             "</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
             "</Contents><NextContinuationToken>" +
             key + "</NextContinuationToken>";
    }
    // The last of them counts.
    const auto last = xml.rfind("<NextContinuationToken>");
    const bool is_cut = xml.find("<IsTruncated>") != std::string::npos;
    if (is_cut) {
      const std::string tail = xml.substr(last);
      std::string head = xml.substr(0, last);
      for (size_t at = 0;
           (at = head.find("<NextContinuationToken>")) != std::string::npos;) {
        head.erase(at, head.find("</NextContinuationToken>") + 24 - at);
      }
      xml = head + tail;
    }
    return {200, xml + "</ListBucketResult>"};
  }

  ServedAnswer get_answer(
      const ServedRequest& request, const Asked& asked) const {
    const auto found = objects_.find(asked.key);
    if (found == objects_.end()) {
      return refusal(404, "NoSuchKey");
    }
    const std::string& bytes = found->second;
    const std::string etag = etag_of(bytes);
    const std::string match = request.header("if-match");
    if (!match.empty() && match != etag) {
      return refusal(412, "PreconditionFailed");
    }
    ServedAnswer answer{
        200,
        bytes,
        {{"ETag", etag}, {"Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"}}};
    if (request.method == "HEAD") {
      answer.headers.emplace_back(
          "Content-Length", std::to_string(bytes.size()));
    }
    const std::string range = request.header("range");
    if (range.empty()) {
      answer.headers.emplace_back(
          "x-amz-checksum-crc32", crc32_text(crc32(bytes)));
      return answer;
    }
    const auto dash = range.find('-');
    const size_t begin = std::stoul(range.substr(6, dash - 6));
    const size_t end = std::stoul(range.substr(dash + 1)) + 1;
    answer.status = 206;
    answer.body = bytes.substr(begin, end - begin);
    return answer;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Upload> uploads_;
  int num_uploads_ = 0;
  Fault fault_;
  LoopbackServer server_;  // last: its thread uses the rest
};

}  // namespace nadir::store
