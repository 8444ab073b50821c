// Objects in S3 and in what speaks like it. Protocol: Amazon S3 API Reference
// (REST, version 2006-03-01).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/call.h"
#include "store/location.h"

namespace nadir::store {

struct ObjectInfo {
  std::string key;
  int64_t num_bytes = 0;
  std::string etag;   // without quotation marks
  std::string crc32;  // of all its bytes, as crc32_text() writes it; "" unknown
  int64_t modified_s = 0;  // since 1970; 0 unknown

  bool operator==(const ObjectInfo&) const = default;
};

// One part of an upload that is there.
struct UploadedPart {
  int64_t number = 0;  // from 1
  std::string etag;
  std::string crc32;
};

// Thread-safe. Calls that may pass are tried again; a bucket in another region
// is found there. All throw aws::ServiceError, whose code is kNotFound where
// bucket or object is not there, and Error{kIo} where the service cannot be
// reached or answers garbage to the end.
class S3 {
 public:
  explicit S3(
      std::shared_ptr<const aws::Session> session, aws::RetryPolicy retry = {});

  // Calls `visit` for every object whose key begins with the location's, in the
  // order of keys.
  void list(
      const Location& prefix,
      const std::function<void(const ObjectInfo&)>& visit) const;

  // The same as a list.
  [[nodiscard]] std::vector<ObjectInfo> list(const Location& prefix) const;

  // Whether any object's key begins with the location's.
  [[nodiscard]] bool has_any(const Location& prefix) const;

  // Nothing where there is no such object, or this is a folder's name.
  [[nodiscard]] std::optional<ObjectInfo> find(const Location& location) const;

  // All bytes of a small object, checked against its CRC-32 where it has one.
  [[nodiscard]] std::string get(const Location& location) const;

  // `num_bytes` from `begin` on, all of them. With an `etag`, of that version:
  // throws Error{kCorruptData} where the object has been replaced since.
  void get_range(
      const Location& location,
      int64_t begin,
      int64_t num_bytes,
      char* out,
      const std::string& etag = "") const;

  // Replaces the object; with `only_new` throws Error{kInvalidArgument} where
  // there is one.
  void put(
      const Location& location,
      std::string_view bytes,
      bool only_new = false) const;

  // An upload in parts, of at least 5 MiB but for the last.
  [[nodiscard]] std::string start_upload(const Location& location) const;
  [[nodiscard]] UploadedPart put_part(
      const Location& location,
      const std::string& upload_id,
      int64_t number,
      std::string_view bytes) const;
  // `crc32` is that of the whole object, which the service checks.
  void complete_upload(
      const Location& location,
      const std::string& upload_id,
      const std::vector<UploadedPart>& parts,
      const std::string& crc32) const;
  // Never throws: what is left of an upload costs money, but the error that led
  // here says more.
  void abort_upload(
      const Location& location, const std::string& upload_id) const noexcept;

  // Objects of one bucket; those that are not there count as deleted.
  void remove(
      const std::string& bucket, const std::vector<std::string>& keys) const;

 private:
  [[nodiscard]] aws::Call call_for(
      const std::string& method, const Location& location) const;
  [[nodiscard]] aws::HttpResponse send(aws::Call& call) const;
  [[nodiscard]] aws::Call list_call(
      const Location& prefix, const std::string& token) const;
  void set_bucket_address(aws::Call& call, const std::string& bucket) const;

  std::shared_ptr<const aws::Session> session_;
  aws::RetryPolicy retry_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string> regions_;  // by bucket
};

}  // namespace nadir::store
