#include "store/location.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::store {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr size_t kMinBucket = 3;
constexpr size_t kMaxBucket = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_bucket_name(const std::string& name) {
  return name.size() >= kMinBucket && name.size() <= kMaxBucket &&
         is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '-';
         });
}

}  // namespace

std::string Location::text() const {
  return fmt::format("{}{}/{}", kScheme, bucket, key);
}

Location Location::as_folder() const {
  const bool is_one = key.empty() || key.ends_with('/');
  return {bucket, is_one ? key : key + "/"};
}

Location Location::below(std::string_view name) const {
  return {bucket, as_folder().key + std::string(name)};
}

std::string Location::name() const {
  std::string text = key;
  while (text.ends_with('/')) {
    text.pop_back();
  }
  return text.substr(text.rfind('/') + 1);  // npos + 1 is 0
}

bool is_remote(std::string_view path) {
  return path.starts_with(kScheme);
}

Location parse_location(std::string_view path) {
  NADIR_CHECK(is_remote(path), "'{}' is no s3://bucket/key", std::string(path));
  const std::string rest(path.substr(kScheme.size()));
  const auto slash = rest.find('/');
  Location location;
  location.bucket = rest.substr(0, slash);
  location.key = slash == std::string::npos ? "" : rest.substr(slash + 1);
  NADIR_CHECK(
      is_bucket_name(location.bucket),
      "'{}': '{}' is no name of a bucket, which has 3 to 63 of a-z 0-9 . - "
      "with "
      "a letter or digit at both ends; write s3://bucket/key",
      std::string(path),
      location.bucket);
  NADIR_CHECK(
      !location.key.starts_with('/') &&
          location.key.find("//") == std::string::npos,
      "'{}': two slashes in a row make a folder without a name",
      std::string(path));
  return location;
}

}  // namespace nadir::store
