// Where an object lies: s3://bucket/key.
#pragma once

#include <string>
#include <string_view>

namespace nadir::store {

// An object, or with a key that ends in a slash (or is empty) all below it.
struct Location {
  std::string bucket;
  std::string key;  // no slash at its start

  // "s3://bucket/key".
  [[nodiscard]] std::string text() const;

  // `name` below this folder: one slash between.
  [[nodiscard]] Location below(std::string_view name) const;

  // As a folder: with a slash at its end, unless it is the whole bucket.
  [[nodiscard]] Location as_folder() const;

  // What follows the last slash, that at the end left out.
  [[nodiscard]] std::string name() const;

  bool operator==(const Location&) const = default;
};

// Whether `path` begins with s3://.
[[nodiscard]] bool is_remote(std::string_view path);

// Takes s3://bucket[/key] apart. Throws Error{kInvalidArgument} where the
// bucket's name breaks S3's rules: 3 to 63 of a-z 0-9 . -, a letter or digit at
// both ends.
[[nodiscard]] Location parse_location(std::string_view path);

}  // namespace nadir::store
