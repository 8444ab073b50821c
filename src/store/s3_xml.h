// The XML bodies of S3's calls. Format: Amazon S3 API Reference.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "store/s3.h"

namespace nadir::store {

// One page of ListObjectsV2.
struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next_token;  // "" on the last page
};

// Throws std::runtime_error where it is no such page.
[[nodiscard]] ListPage parse_list_page(std::string_view xml);

// The text of the first element of that name, or "".
[[nodiscard]] std::string element_text(
    std::string_view xml, const std::string& name);

[[nodiscard]] std::string complete_upload_xml(
    const std::vector<UploadedPart>& parts);

[[nodiscard]] std::string delete_xml(
    const std::vector<std::string>& keys, size_t begin, size_t end);

}  // namespace nadir::store
