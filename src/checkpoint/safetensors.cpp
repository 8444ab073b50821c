#include "checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::checkpoint {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int64_t kMaxHeaderBytes = 100'000'000;  // the reference's limit
constexpr const char* kMetadataKey = "__metadata__";

struct TypeName {
  const char* name;
  at::ScalarType dtype;
};

constexpr std::array<TypeName, 16> kTypes = {{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"C64", at::kComplexFloat},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U64", at::kUInt64},
    {"U32", at::kUInt32},
    {"U16", at::kUInt16},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

// Every rule of the header ends here, so that each message names the file.
class HeaderParser {
 public:
  HeaderParser(const fs::path& path, int64_t file_bytes)
      : path_(path), file_bytes_(file_bytes) {}

  SafetensorsHeader parse(const std::string& text) {
    data_begin_ = 8 + static_cast<int64_t>(text.size());
    require(!text.empty() && text[0] == '{', "its header is no JSON object");
    const json root = parse_json(text);
    SafetensorsHeader header;
    for (const auto& [key, value] : root.items()) {
      if (key == kMetadataKey) {
        header.metadata = parse_metadata(value);
      } else {
        header.entries.push_back(parse_entry(key, value));
      }
    }
    check_layout(header.entries);
    return header;
  }

  template <class... Args>
  void require(
      bool condition,
      fmt::format_string<Args...> format,
      Args&&... args) const {
    if (!condition) {
      fail(
          ErrorCode::kCorruptData,
          "{} is not a valid safetensors file: {}",
          path_.string(),
          fmt::format(format, std::forward<Args>(args)...));
    }
  }

 private:
  json parse_json(const std::string& text) const {
    std::set<std::string> seen;
    std::string repeated;
    const auto note_keys =
        [&](int depth, json::parse_event_t event, json& parsed) {
          if (event == json::parse_event_t::key && depth == 1 &&
              !seen.insert(parsed.get<std::string>()).second) {
            repeated = parsed.get<std::string>();
          }
          return true;
        };
    json root;
    try {
      root = json::parse(text, note_keys);
    } catch (const json::exception& error) {
      require(false, "its header cannot be parsed ({})", error.what());
    }
    require(root.is_object(), "its header is no JSON object");
    require(repeated.empty(), "its header names '{}' twice", repeated);
    return root;
  }

  std::map<std::string, std::string> parse_metadata(const json& value) const {
    require(value.is_object(), "{} is no object", kMetadataKey);
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
      require(text.is_string(), "{}.{} is no text", kMetadataKey, key);
      metadata[key] = text.get<std::string>();
    }
    return metadata;
  }

  SafetensorsEntry parse_entry(
      const std::string& name, const json& value) const {
    require(
        value.is_object() && value.size() == 3 && value.contains("dtype") &&
            value.contains("shape") && value.contains("data_offsets"),
        "'{}' needs exactly dtype, shape and data_offsets",
        name);
    SafetensorsEntry entry;
    entry.name = name;
    entry.dtype = parse_dtype(name, value["dtype"]);
    entry.shape = parse_integers(name, "shape", value["shape"]);
    const auto offsets =
        parse_integers(name, "data_offsets", value["data_offsets"]);
    require(offsets.size() == 2, "'{}' needs two data_offsets", name);
    const int64_t data_bytes = file_bytes_ - data_begin_;
    require(
        offsets[0] <= offsets[1] && offsets[1] <= data_bytes,
        "'{}' claims bytes {} to {} of {}; the file may be truncated",
        name,
        offsets[0],
        offsets[1],
        data_bytes);
    entry.begin = data_begin_ + offsets[0];
    entry.end = data_begin_ + offsets[1];
    const int64_t expected = num_bytes(entry);
    require(
        expected == offsets[1] - offsets[0],
        "'{}' of type {} and shape [{}] does not fill its {} bytes",
        name,
        value["dtype"].get<std::string>(),
        fmt::join(entry.shape, ", "),
        offsets[1] - offsets[0]);
    return entry;
  }

  at::ScalarType parse_dtype(const std::string& name, const json& value) const {
    require(value.is_string(), "the dtype of '{}' is no text", name);
    const auto text = value.get<std::string>();
    const auto found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& type) {
          return text == type.name;
        });
    require(found != kTypes.end(), "'{}' has unknown dtype '{}'", name, text);
    return found->dtype;
  }

  std::vector<int64_t> parse_integers(
      const std::string& name, const char* what, const json& value) const {
    require(value.is_array(), "{} of '{}' is no list", what, name);
    std::vector<int64_t> numbers;
    for (const json& item : value) {
      require(
          item.is_number_unsigned() &&
              item.get<uint64_t>() <=
                  static_cast<uint64_t>(std::numeric_limits<int64_t>::max()),
          "{} of '{}' must hold whole numbers >= 0",
          what,
          name);
      numbers.push_back(item.get<int64_t>());
    }
    return numbers;
  }

  // Bytes of the entry's shape, or -1 if not even its strides fit 64 bits.
  static int64_t num_bytes(const SafetensorsEntry& entry) {
    auto product = static_cast<int64_t>(at::elementSize(entry.dtype));
    bool is_empty = false;
    for (const int64_t size : entry.shape) {
      is_empty |= size == 0;
      if (__builtin_mul_overflow(
              product, std::max<int64_t>(size, 1), &product)) {
        return -1;
      }
    }
    return is_empty ? 0 : product;
  }

  void check_layout(std::vector<SafetensorsEntry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::tie(a.begin, a.end, a.name) <
             std::tie(b.begin, b.end, b.name);
    });
    int64_t end = data_begin_;
    for (const SafetensorsEntry& entry : entries) {
      require(
          entry.begin == end,
          "'{}' {} the tensor before it",
          entry.name,
          entry.begin < end ? "overlaps" : "leaves a gap after");
      end = entry.end;
    }
    require(
        end == file_bytes_,
        "{} bytes follow the last tensor",
        file_bytes_ - end);
  }

  const fs::path& path_;
  int64_t file_bytes_;
  int64_t data_begin_ = 0;
};

std::ifstream open_for_reading(const fs::path& path, int64_t& file_bytes) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    fail(
        ErrorCode::kInvalidArgument,
        "{} is a folder, not a safetensors file",
        path.string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    fail(
        reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(reason));
  }
  file.seekg(0, std::ios::end);
  file_bytes = file.tellg();
  file.seekg(0);
  return file;
}

SafetensorsHeader read_header(
    const fs::path& path, std::ifstream& file, int64_t file_bytes) {
  HeaderParser parser(path, file_bytes);
  parser.require(file_bytes >= 8, "{} bytes are too few", file_bytes);
  uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof length);
  parser.require(
      length <= static_cast<uint64_t>(kMaxHeaderBytes) &&
          length <= static_cast<uint64_t>(file_bytes - 8),
      "its header claims {} bytes, but the file has {} (limit {})",
      length,
      file_bytes,
      kMaxHeaderBytes);
  std::string text(length, '\0');
  file.read(text.data(), static_cast<std::streamsize>(length));
  if (!file) {
    fail(ErrorCode::kIo, "cannot read {}", path.string());
  }
  return parser.parse(text);
}

const char* type_name(const std::string& tensor_name, at::ScalarType dtype) {
  for (const TypeName& type : kTypes) {
    if (type.dtype == dtype) {
      return type.name;
    }
  }
  fail(
      ErrorCode::kInvalidArgument,
      "safetensors cannot hold '{}' of type {}; convert it first",
      tensor_name,
      at::toString(dtype));
}

}  // namespace

SafetensorsHeader read_safetensors_header(const fs::path& path) {
  int64_t file_bytes = 0;
  std::ifstream file = open_for_reading(path, file_bytes);
  return read_header(path, file, file_bytes);
}

SafetensorsFile read_safetensors(const fs::path& path) {
  int64_t file_bytes = 0;
  std::ifstream file = open_for_reading(path, file_bytes);
  SafetensorsHeader header = read_header(path, file, file_bytes);
  SafetensorsFile result;
  result.metadata = std::move(header.metadata);
  for (const SafetensorsEntry& entry : header.entries) {
    at::Tensor tensor = at::empty(entry.shape, entry.dtype);
    if (entry.end > entry.begin) {
      file.seekg(entry.begin);
      file.read(
          static_cast<char*>(tensor.mutable_data_ptr()),
          entry.end - entry.begin);
    }
    if (!file) {
      fail(ErrorCode::kIo, "cannot read '{}' of {}", entry.name, path.string());
    }
    result.tensors.emplace(entry.name, std::move(tensor));
  }
  return result;
}

void write_safetensors(
    const fs::path& path,
    const TensorMap& tensors,
    const std::map<std::string, std::string>& metadata) {
  using Item = TensorMap::const_pointer;
  std::vector<Item> order;
  for (const auto& item : tensors) {
    NADIR_CHECK(
        item.first != kMetadataKey,
        "a tensor cannot be named {}",
        kMetadataKey);
    NADIR_CHECK(item.second.defined(), "tensor '{}' has no value", item.first);
    order.push_back(&item);
  }
  std::stable_sort(order.begin(), order.end(), [](Item a, Item b) {
    return a->second.element_size() > b->second.element_size();
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) {
    header[kMetadataKey] = metadata;
  }
  int64_t offset = 0;
  for (const Item item : order) {
    const at::Tensor& tensor = item->second;
    const int64_t end =
        offset + tensor.numel() * static_cast<int64_t>(tensor.element_size());
    header[item->first] = {
        {"dtype", type_name(item->first, tensor.scalar_type())},
        {"shape", tensor.sizes().vec()},
        {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data begin aligned

  write_file_with(path, [&](const fs::path& temporary) {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    const uint64_t length = text.size();
    file.write(reinterpret_cast<const char*>(&length), sizeof length);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const Item item : order) {
      const at::Tensor dense =
          item->second.detach().cpu().resolve_conj().resolve_neg().contiguous();
      file.write(
          static_cast<const char*>(dense.const_data_ptr()),
          static_cast<std::streamsize>(dense.nbytes()));
    }
    file.flush();
    if (!file) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path.string(),
          std::strerror(errno));
    }
  });
}

}  // namespace nadir::checkpoint
