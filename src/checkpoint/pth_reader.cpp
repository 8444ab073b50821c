#include "checkpoint/pth_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace nadir::checkpoint {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxDims = 64;
constexpr int kMaxJsonDepth = 16;

// Elements that views with repeated strides may add to a file, in all.
// Expanded tensors are saved so (a patch embedding for many bands); a hostile
// one could stand for terabytes.
constexpr int64_t kMaxRepeated = int64_t{1} << 27;

struct TorchType {
  const char* storage;  // "torch.<storage>" of a persistent id
  const char* dtype;    // "torch.<dtype>" of newer types
  at::ScalarType type;
};

constexpr std::array<TorchType, 16> kTorchTypes = {{
    {"DoubleStorage", "float64", at::kDouble},
    {"FloatStorage", "float32", at::kFloat},
    {"HalfStorage", "float16", at::kHalf},
    {"BFloat16Storage", "bfloat16", at::kBFloat16},
    {"LongStorage", "int64", at::kLong},
    {"IntStorage", "int32", at::kInt},
    {"ShortStorage", "int16", at::kShort},
    {"CharStorage", "int8", at::kChar},
    {"ByteStorage", "uint8", at::kByte},
    {"BoolStorage", "bool", at::kBool},
    {"ComplexFloatStorage", "complex64", at::kComplexFloat},
    {"", "uint16", at::kUInt16},
    {"", "uint32", at::kUInt32},
    {"", "uint64", at::kUInt64},
    {"", "float8_e4m3fn", at::kFloat8_e4m3fn},
    {"", "float8_e5m2", at::kFloat8_e5m2},
}};

std::optional<at::ScalarType> type_of_global(const std::string& global) {
  for (const TorchType& known : kTorchTypes) {
    const bool has_storage = known.storage[0] != '\0';
    if ((has_storage && global == std::string("torch.") + known.storage) ||
        global == std::string("torch.") + known.dtype) {
      return known.type;
    }
  }
  return std::nullopt;
}

bool is_numpy_scalar(const std::string& global) {
  return global == "numpy.core.multiarray.scalar" ||
         global == "numpy._core.multiarray.scalar";
}

// Names that stand for data. Nothing behind them is ever called.
bool is_permitted(const std::string& global) {
  static const std::set<std::string> names = {
      "collections.OrderedDict",
      "collections.defaultdict",
      "argparse.Namespace",
      "torch._utils._rebuild_tensor",
      "torch._utils._rebuild_tensor_v2",
      "torch._utils._rebuild_tensor_v3",
      "torch._utils._rebuild_parameter",
      "torch.UntypedStorage",
      "torch.storage.UntypedStorage",
      "torch.Size",
      "torch.device",
      "numpy.dtype",
      "_codecs.encode",
      "builtins.set",
      "__builtin__.set",
      "builtins.dict",
      "builtins.list",
      "pathlib.PosixPath",
      "pathlib._local.PosixPath"};
  return names.count(global) > 0 || is_numpy_scalar(global) ||
         type_of_global(global).has_value();
}

void check_is_zip(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 2> magic{};
  file.read(magic.data(), magic.size());
  if (!file && !std::filesystem::exists(path)) {
    fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  }
  const std::string_view begin(magic.data(), magic.size());
  NADIR_CHECK(
      begin[0] != '\x80',
      "{} is a bare pickle, as torch before 1.6 wrote them; nadir does not "
      "execute pickles. In Python, re-save it: "
      "torch.save(torch.load('{}', map_location='cpu'), 'new.pth')",
      path.string(),
      path.filename().string());
  if (begin != "PK") {
    fail(
        ErrorCode::kCorruptData,
        "{} holds no weights: it {}; a .pth of torch.save is a zip archive",
        path.string(),
        !file ? "is empty" : "begins as no zip archive does");
  }
}

std::string find_prefix(const ZipReader& archive) {
  constexpr std::string_view kSuffix = "/data.pkl";
  for (const auto& [name, entry] : archive.entries()) {
    if (name.size() > kSuffix.size() &&
        name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) ==
            0) {
      return name.substr(0, name.size() - kSuffix.size() + 1);
    }
  }
  fail(
      ErrorCode::kCorruptData,
      "{} is a zip archive, but not of torch.save: it holds no data.pkl",
      archive.path().string());
}

bool is_integer(const PickleValue* value) {
  return value->kind == Kind::kInteger;
}

std::optional<std::vector<int64_t>> integers_of(const PickleValue* value) {
  const PickleValue* list = value;
  if (value->kind == Kind::kObject && value->text == "torch.Size" &&
      value->items.size() == 1) {
    list = value->items[0];
  }
  if (list->kind != Kind::kList ||
      !std::all_of(list->items.begin(), list->items.end(), is_integer)) {
    return std::nullopt;
  }
  std::vector<int64_t> numbers;
  for (const PickleValue* item : list->items) {
    numbers.push_back(item->integer);
  }
  return numbers;
}

// One past the last element that a view touches, or nothing on overflow.
std::optional<int64_t> extent_of(
    int64_t offset,
    const std::vector<int64_t>& sizes,
    const std::vector<int64_t>& strides) {
  int64_t last = offset;
  int64_t numel = 1;
  bool is_empty = false;
  for (size_t d = 0; d < sizes.size(); ++d) {
    int64_t reach = 0;
    if (sizes[d] < 0 || strides[d] < 0 ||
        __builtin_mul_overflow(
            std::max<int64_t>(sizes[d] - 1, 0), strides[d], &reach) ||
        __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(numel, std::max<int64_t>(sizes[d], 1), &numel)) {
      return std::nullopt;
    }
    is_empty |= sizes[d] == 0;
  }
  if (numel > (int64_t{1} << 56)) {
    return std::nullopt;
  }
  return is_empty ? offset : last + 1;
}

// Of sizes that extent_of() has checked.
int64_t numel_of(const std::vector<int64_t>& sizes) {
  int64_t numel = 1;
  for (const int64_t size : sizes) {
    numel *= size;
  }
  return numel;
}

// The bytes of a NumPy scalar: protocol 2 spells them as Latin-1 text.
std::string bytes_of(const PickleValue& value) {
  if (value.kind == Kind::kBytes) {
    return value.text;
  }
  std::string bytes;
  if (value.kind == Kind::kObject && value.text == "_codecs.encode" &&
      !value.items.empty()) {
    const std::string& utf8 = value.items[0]->text;
    for (size_t i = 0; i < utf8.size(); ++i) {
      const auto lead = static_cast<uint8_t>(utf8[i]);
      if (lead < 0x80) {
        bytes += utf8[i];
      } else if (++i < utf8.size()) {
        bytes += static_cast<char>((lead & 0x03) << 6 | (utf8[i] & 0x3F));
      }
    }
  }
  return bytes;
}

template <class Number>
nlohmann::json number_in(const std::string& bytes) {
  if (bytes.size() != sizeof(Number)) {
    return nullptr;
  }
  Number number;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

nlohmann::json numpy_scalar(const PickleValue& value) {
  if (value.items.size() != 2 || value.items[0]->items.empty()) {
    return nullptr;
  }
  const std::string& code = value.items[0]->items[0]->text;
  const std::string bytes = bytes_of(*value.items[1]);
  if (code == "f8") {
    return number_in<double>(bytes);
  }
  if (code == "f4") {
    return number_in<float>(bytes);
  }
  if (code == "i8") {
    return number_in<int64_t>(bytes);
  }
  if (code == "i4") {
    return number_in<int32_t>(bytes);
  }
  if (code == "b1" && bytes.size() == 1) {
    return bytes[0] != 0;
  }
  return nullptr;
}

nlohmann::json json_of(const PickleValue& value, int depth, int& budget) {
  if (depth > kMaxJsonDepth || --budget < 0) {
    return nullptr;
  }
  switch (value.kind) {
    case Kind::kBool:
      return value.integer != 0;
    case Kind::kInteger:
      return value.integer;
    case Kind::kNumber:
      return value.number;
    case Kind::kText:
      return value.text;
    case Kind::kObject:
      if (is_numpy_scalar(value.text)) {
        return numpy_scalar(value);
      }
      if (is_tensor(value)) {
        return nullptr;
      }
      if (value.text == "argparse.Namespace" && value.state != nullptr) {
        return json_of(*value.state, depth + 1, budget);
      }
      if (value.text == "collections.OrderedDict") {
        break;
      }
      return nullptr;
    case Kind::kDict:
      break;
    case Kind::kList: {
      auto list = nlohmann::json::array();
      for (const PickleValue* item : value.items) {
        list.push_back(json_of(*item, depth + 1, budget));
      }
      return list;
    }
    default:
      return nullptr;
  }
  auto object = nlohmann::json::object();
  for (const auto& [key, item] : value.entries) {
    if (key->kind == Kind::kText) {
      object[key->text] = json_of(*item, depth + 1, budget);
    }
  }
  return object;
}

}  // namespace

// What a rebuild call says, checked for form but not yet against the storage.
struct PthFile::View {
  at::ScalarType type = at::kFloat;
  std::string storage_key;
  int64_t num_bytes = 0;
  int64_t offset = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;

  // Nothing if `value` is no rebuild call of the known forms.
  static std::optional<View> of(const PickleValue& value) {
    const auto& args = value.items;
    if (args.size() < 4 || args[0]->kind != Kind::kPersistent ||
        args[0]->items.size() != 5 || args[1]->kind != Kind::kInteger) {
      return std::nullopt;
    }
    // A lazily conjugated or negated tensor carries a dictionary of marks.
    const size_t marks = value.text.back() == '3' ? 7 : 6;
    if (args.size() > marks && !args[marks]->entries.empty()) {
      return std::nullopt;
    }
    const auto& id = args[0]->items;
    const PickleValue* type_global = id[1];
    if (value.text.back() == '3') {
      if (args.size() < 7) {
        return std::nullopt;
      }
      type_global = args[6];
    }
    const auto type = type_of_global(type_global->text);
    const auto sizes = integers_of(args[2]);
    const auto strides = integers_of(args[3]);
    if (id[0]->text != "storage" || type_global->kind != Kind::kGlobal ||
        !type || id[2]->kind != Kind::kText || id[4]->kind != Kind::kInteger ||
        !sizes || !strides || sizes->size() != strides->size() ||
        sizes->size() > kMaxDims) {
      return std::nullopt;
    }
    const bool counts_bytes = id[1]->text.find("Untyped") != std::string::npos;
    View view;
    view.type = *type;
    view.storage_key = id[2]->text;
    view.offset = args[1]->integer;
    view.sizes = *sizes;
    view.strides = *strides;
    if (id[4]->integer < 0 ||
        __builtin_mul_overflow(
            id[4]->integer,
            counts_bytes ? 1 : static_cast<int64_t>(at::elementSize(*type)),
            &view.num_bytes)) {
      return std::nullopt;
    }
    return view;
  }
};

PthFile::PthFile(const std::filesystem::path& path)
    : archive_((check_is_zip(path), path)), prefix_(find_prefix(archive_)) {
  if (archive_.entries().count(prefix_ + "byteorder") > 0) {
    require(
        archive_.read(prefix_ + "byteorder") == "little",
        "its numbers are big-endian; re-save it on a little-endian machine");
  }
  pickle_ = parse_pickle(
      archive_.read(prefix_ + "data.pkl"), path.string(), is_permitted);
}

void PthFile::require(bool condition, std::string_view rule) const {
  if (!condition) {
    fail(
        ErrorCode::kCorruptData,
        "{} cannot be read: {}",
        archive_.path().string(),
        rule);
  }
}

at::Tensor PthFile::read_storage(const std::string& key, int64_t num_bytes) {
  const auto cached = storages_.find(key);
  if (cached != storages_.end()) {
    require(
        cached->second.numel() >= num_bytes,
        "storage " + key + " is smaller than its tensors say");
    return cached->second;
  }
  const std::string name = prefix_ + "data/" + key;
  const auto entry = archive_.entries().find(name);
  require(entry != archive_.entries().end(), "storage " + key + " is missing");
  const auto entry_bytes = static_cast<int64_t>(entry->second.num_bytes);
  require(
      entry_bytes >= num_bytes,
      "storage " + key + " is smaller than its tensors say");
  at::Tensor bytes = at::empty({entry_bytes}, at::kByte);
  archive_.read(name, static_cast<char*>(bytes.mutable_data_ptr()));
  storages_.emplace(key, bytes);
  return bytes;
}

void PthFile::check_expansion(int64_t numel, int64_t storage_numel) {
  num_repeated_ += std::max<int64_t>(numel - storage_numel, 0);
  require(
      num_repeated_ <= kMaxRepeated,
      "its tensors claim far more elements than it holds");
}

at::Tensor PthFile::read_tensor(const PickleValue& value) {
  require(is_tensor(value), "a tensor was expected where there is none");
  const PickleValue* call = &value;
  if (value.text == "torch._utils._rebuild_parameter") {
    require(
        !value.items.empty() && is_tensor(*value.items[0]) &&
            value.items[0]->text != value.text,
        "a parameter holds no tensor");
    call = value.items[0];
  }
  const auto view = View::of(*call);
  require(view.has_value(), "a tensor is described in an unknown form");
  const auto extent = extent_of(view->offset, view->sizes, view->strides);
  const auto element_bytes = static_cast<int64_t>(at::elementSize(view->type));
  require(
      view->offset >= 0 && extent && *extent <= view->num_bytes / element_bytes,
      "a tensor reaches outside storage " + view->storage_key);
  check_expansion(numel_of(view->sizes), view->num_bytes / element_bytes);
  const at::Tensor bytes = read_storage(view->storage_key, view->num_bytes);
  return at::empty({0}, view->type)
      .set_(bytes.storage(), view->offset, view->sizes, view->strides);
}

TensorMap PthFile::read_tensors(const PickleValue& dict) {
  TensorMap tensors;
  for (const auto& [key, value] : dict.entries) {
    if (key->kind == Kind::kText && is_tensor(*value)) {
      tensors[key->text] = read_tensor(*value);
    }
  }
  return tensors;
}

bool is_tensor(const PickleValue& value) {
  return value.kind == Kind::kObject &&
         value.text.rfind("torch._utils._rebuild_", 0) == 0;
}

nlohmann::json to_json(const PickleValue& value) {
  int budget = 100'000;
  return json_of(value, 0, budget);
}

}  // namespace nadir::checkpoint
