#include "serve/request_images.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "serve/base64.h"
#include "serve/named_file.h"
#include "serve/picture_reader.h"

namespace nadir::serve {
namespace {

using raster::Image;

struct FormatName {
  const char* content_type;
  BodyFormat format;
};

constexpr FormatName kFormats[] = {
    {"image/png", BodyFormat::kPng},
    {"image/jpeg", BodyFormat::kJpeg},
    {"image/tiff", BodyFormat::kTiff},
    {"application/x-npy", BodyFormat::kNpy},
    {"application/x-safetensors", BodyFormat::kSafetensors},
    {"application/json", BodyFormat::kJson},
    {"application/jsonlines", BodyFormat::kJsonLines},
    {"application/x-jsonlines", BodyFormat::kJsonLines}};

// "image/png" of "Image/PNG; quality=1".
std::string essence(const std::string& content_type) {
  std::string text = content_type.substr(0, content_type.find(';'));
  text.erase(text.find_last_not_of(" \t") + 1);
  std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  return text;
}

void check_begins_as(
    BodyFormat format, std::string_view bytes, const std::string& name) {
  const bool is_so = format == BodyFormat::kPng ? bytes.starts_with("\x89PNG")
                     : format == BodyFormat::kJpeg
                         ? bytes.starts_with("\xff\xd8\xff")
                         : bytes.starts_with("II") || bytes.starts_with("MM");
  if (!is_so) {
    fail(
        ErrorCode::kCorruptData,
        "{}: the bytes do not begin as a {} does",
        name,
        format == BodyFormat::kPng    ? "PNG"
        : format == BodyFormat::kJpeg ? "JPEG"
                                      : "TIFF");
  }
}

// One image of one file's bytes.
Image read_one(
    BodyFormat format,
    std::string_view bytes,
    const std::string& name,
    const ImageRules& rules) {
  switch (format) {
    case BodyFormat::kPng:
    case BodyFormat::kJpeg:
      check_begins_as(format, bytes, name);
      return read_picture(bytes, name, rules);
    case BodyFormat::kTiff:
      check_begins_as(format, bytes, name);
      return read_tiff(bytes, name, rules);
    case BodyFormat::kSafetensors:
      return read_band_tensors(bytes, name, rules);
    case BodyFormat::kNpy: {
      const auto array = parse_npy(bytes);
      NADIR_CHECK(
          count_images(array, rules) == 1,
          "{}: an instance is one image, this array holds {}",
          name,
          count_images(array, rules));
      return read_array(array, 0, name, rules);
    }
    case BodyFormat::kJson:
    case BodyFormat::kJsonLines:
      break;
  }
  fail(ErrorCode::kInvalidArgument, "{}: JSON does not hold JSON", name);
}

// Refuses, before it is parsed, text whose values would need far more memory
// than its bytes.
void check_json_size(std::string_view text, const std::string& name) {
  constexpr int kMaxDepth = 8;
  constexpr int64_t kMaxValues = 200'000;
  int depth = 0;
  int64_t num_values = 0;
  bool is_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (is_text) {
      i += letter == '\\' ? 1 : 0;
      is_text = letter != '"';
      continue;
    }
    is_text = letter == '"';
    depth += letter == '{' || letter == '[' ? 1 : 0;
    depth -= letter == '}' || letter == ']' ? 1 : 0;
    num_values += letter == '{' || letter == '[' || letter == ',' ? 1 : 0;
    if (depth > kMaxDepth || num_values > kMaxValues) {
      fail(
          ErrorCode::kCorruptData,
          "{}: JSON deeper than {} levels or of more than {} values is not "
          "read",
          name,
          kMaxDepth,
          kMaxValues);
    }
  }
}

nlohmann::json parse_object(std::string_view text, const std::string& name) {
  check_json_size(text, name);
  auto json = parse_json_or_discard(text);
  if (json.is_discarded() || !json.is_object()) {
    fail(ErrorCode::kCorruptData, "{}: it is no JSON object", name);
  }
  return json;
}

std::string text_member(
    const nlohmann::json& json, const char* key, const std::string& name) {
  const auto found = json.find(key);
  NADIR_CHECK(
      found != json.end() && found->is_string(),
      "{}: \"{}\" must be a text",
      name,
      key);
  return found->get<std::string>();
}

void check_keys(
    const nlohmann::json& json,
    const std::vector<std::string>& known,
    const std::string& name) {
  for (const auto& [key, value] : json.items()) {
    NADIR_CHECK(
        std::find(known.begin(), known.end(), key) != known.end(),
        "{}: \"{:.40}\" is not known; an instance is {{\"data\": BASE64, "
        "\"content_type\": TYPE}} or {{\"patch\": PATH}}",
        name,
        key);
  }
}

// {"data": ..., "content_type": ...} or {"patch": ...}.
Image read_instance(
    const nlohmann::json& json,
    const std::string& name,
    const ImageRules& rules) {
  NADIR_CHECK(json.is_object(), "{}: an instance must be an object", name);
  if (json.contains("patch")) {
    check_keys(json, {"patch"}, name);
    return read_named_image(text_member(json, "patch", name), name, rules);
  }
  check_keys(json, {"data", "content_type"}, name);
  const auto format = body_format(text_member(json, "content_type", name));
  const auto bytes = decode_base64(
      json.contains("data") && json["data"].is_string()
          ? json["data"].get_ref<const std::string&>()
          : text_member(json, "data", name));
  if (!bytes) {
    fail(ErrorCode::kCorruptData, "{}: \"data\" is no base64", name);
  }
  return read_one(format, *bytes, name, rules);
}

RequestImages open_json(std::string body, const ImageRules& rules) {
  const auto json =
      std::make_shared<const nlohmann::json>(parse_object(body, "the body"));
  const auto instances = json->find("instances");
  NADIR_CHECK(
      instances != json->end() && instances->is_array() &&
          !instances->empty() && json->size() == 1,
      "the body must be {{\"instances\": [...]}} with at least one instance");
  return {static_cast<int64_t>(instances->size()), [json, &rules](int64_t i) {
            return read_instance(
                (*json)["instances"][static_cast<size_t>(i)],
                fmt::format("instances[{}]", i),
                rules);
          }};
}

// Lines that are not blank, parsed when they are read.
RequestImages open_json_lines(std::string body, const ImageRules& rules) {
  struct Line {
    size_t begin;
    size_t size;
    int64_t number;
  };

  struct Text {
    std::string body;
    std::vector<Line> lines;
  };

  const auto text = std::make_shared<Text>();
  text->body = std::move(body);
  size_t begin = 0;
  for (int64_t number = 1; begin < text->body.size(); ++number) {
    const size_t end =
        std::min(text->body.find('\n', begin), text->body.size());
    if (text->body.find_first_not_of(" \t\r\n", begin) < end) {
      text->lines.push_back({begin, end - begin, number});
    }
    begin = end + 1;
  }
  NADIR_CHECK(
      !text->lines.empty(), "the body must have at least one line of JSON");
  return {static_cast<int64_t>(text->lines.size()), [text, &rules](int64_t i) {
            const auto& line = text->lines[static_cast<size_t>(i)];
            const auto name = fmt::format("line {}", line.number);
            return read_instance(
                parse_object(
                    std::string_view(text->body).substr(line.begin, line.size),
                    name),
                name,
                rules);
          }};
}

RequestImages open_arrays(std::string body, const ImageRules& rules) {
  const auto bytes = std::make_shared<const std::string>(std::move(body));
  const auto array = parse_npy(*bytes);
  return {count_images(array, rules), [bytes, array, &rules](int64_t i) {
            return read_array(array, i, fmt::format("image {}", i), rules);
          }};
}

RequestImages open_unchecked(
    BodyFormat format, std::string body, const ImageRules& rules) {
  switch (format) {
    case BodyFormat::kJson:
      return open_json(std::move(body), rules);
    case BodyFormat::kJsonLines:
      return open_json_lines(std::move(body), rules);
    case BodyFormat::kNpy:
      return open_arrays(std::move(body), rules);
    default:
      break;
  }
  const auto bytes = std::make_shared<const std::string>(std::move(body));
  return {1, [format, bytes, &rules](int64_t) {
            return read_one(format, *bytes, "the body", rules);
          }};
}

}  // namespace

BodyFormat body_format(const std::string& content_type) {
  const std::string wanted = essence(content_type);
  std::vector<std::string> known;
  for (const auto& [name, format] : kFormats) {
    if (wanted == name) {
      return format;
    }
    known.emplace_back(name);
  }
  fail(
      ErrorCode::kInvalidArgument,
      "the content type must be {}, got '{:.60}'",
      fmt::join(known, ", "),
      content_type);
}

RequestImages open_images(
    BodyFormat format, std::string body, const ImageRules& rules) {
  NADIR_CHECK(!body.empty(), "the body is empty");
  auto images = open_unchecked(format, std::move(body), rules);
  images.read = [read = std::move(images.read), &rules](int64_t i) {
    auto image = read(i);
    check_pixels(image, fmt::format("image {}", i), rules.normalization);
    return image;
  };
  return images;
}

}  // namespace nadir::serve
