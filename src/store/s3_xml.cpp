#include "store/s3_xml.h"

#include <sstream>
#include <stdexcept>

#include <pugixml.hpp>

#include "aws/credentials.h"
#include "aws/uri.h"

namespace nadir::store {
namespace {

std::string text_of(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  return text.str();
}

void add_text(pugi::xml_node node, const char* name, const std::string& text) {
  node.append_child(name).text().set(text.c_str());
}

}  // namespace

ListPage parse_list_page(std::string_view xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const auto root = document.child("ListBucketResult");
  if (!root) {
    throw std::runtime_error("the answer is no list of objects");
  }
  const bool is_encoded = std::string_view(root.child_value("EncodingType")) ==
                          std::string_view("url");
  ListPage page;
  for (const auto& node : root.children("Contents")) {
    ObjectInfo info;
    info.key = node.child_value("Key");
    if (is_encoded) {
      info.key = aws::uri_decode(info.key);
    }
    info.num_bytes = node.child("Size").text().as_llong(-1);
    if (info.num_bytes < 0) {
      throw std::runtime_error("the answer lists an object without its size");
    }
    info.etag = node.child_value("ETag");
    std::erase(info.etag, '"');
    const auto modified = aws::parse_iso_time(node.child_value("LastModified"));
    info.modified_s = modified ? aws::WallClock::to_time_t(*modified) : 0;
    page.objects.push_back(std::move(info));
  }
  if (root.child("IsTruncated").text().as_bool()) {
    page.next_token = root.child_value("NextContinuationToken");
  }
  return page;
}

std::string element_text(std::string_view xml, const std::string& name) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  return document
      .find_node([&](const pugi::xml_node& node) {
        return std::string_view(node.name()) == name;
      })
      .child_value();
}

std::string complete_upload_xml(const std::vector<UploadedPart>& parts) {
  pugi::xml_document document;
  auto root = document.append_child("CompleteMultipartUpload");
  for (const auto& part : parts) {
    auto node = root.append_child("Part");
    add_text(node, "PartNumber", std::to_string(part.number));
    add_text(node, "ETag", part.etag);
    add_text(node, "ChecksumCRC32", part.crc32);
  }
  return text_of(document);
}

std::string delete_xml(
    const std::vector<std::string>& keys, size_t begin, size_t end) {
  pugi::xml_document document;
  auto root = document.append_child("Delete");
  add_text(root, "Quiet", "true");
  for (size_t i = begin; i < end; ++i) {
    add_text(root.append_child("Object"), "Key", keys[i]);
  }
  return text_of(document);
}

}  // namespace nadir::store
