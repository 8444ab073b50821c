#include "serve/npy.h"

#include <cstring>
#include <map>

#include "core/error.h"

namespace nadir::serve {
namespace {

using raster::PixelType;

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxDims = 4;
constexpr int64_t kMaxSide = int64_t{1} << 30;

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  fail(
      ErrorCode::kCorruptData,
      "this is no NumPy array that can be read: {}",
      fmt::format(format, std::forward<Args>(args)...));
}

// A reader of the one Python literal that the header is: a dictionary of a
// text, a truth and a tuple of integers, in any order.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  void read(std::string& descr, bool& is_fortran, std::vector<int64_t>& shape) {
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !has_descr) {
        descr = quoted();
        has_descr = true;
      } else if (key == "fortran_order" && !has_order) {
        is_fortran = truth();
        has_order = true;
      } else if (key == "shape" && !has_shape) {
        shape = tuple();
        has_shape = true;
      } else {
        refuse("its header has the key '{:.20}'", key);
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!text_.empty() || !has_descr || !has_order || !has_shape) {
      refuse("its header is not descr, fortran_order and shape");
    }
  }

 private:
  void skip_blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) {
      text_.remove_prefix(1);
    }
  }

  bool take(char letter) {
    skip_blanks();
    if (text_.empty() || text_[0] != letter) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }

  void expect(char letter) {
    if (!take(letter)) {
      refuse("its header lacks a '{}'", letter);
    }
  }

  std::string quoted() {
    skip_blanks();
    const char quote = text_.empty() ? ' ' : text_[0];
    const size_t end =
        quote == '\'' || quote == '"' ? text_.find(quote, 1) : text_.npos;
    if (end == text_.npos) {
      refuse("its header lacks a text; structured types are not pixels");
    }
    std::string text(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return text;
  }

  bool truth() {
    skip_blanks();
    for (const auto& [word, value] :
         {std::pair<std::string_view, bool>("True", true), {"False", false}}) {
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return value;
      }
    }
    refuse("fortran_order is neither True nor False");
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> numbers;
    expect('(');
    while (!take(')')) {
      numbers.push_back(number());
      if (numbers.size() > kMaxDims) {
        refuse("it has more than {} dimensions", kMaxDims);
      }
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }

  int64_t number() {
    skip_blanks();
    int64_t value = 0;
    size_t num_digits = 0;
    while (num_digits < text_.size() && text_[num_digits] >= '0' &&
           text_[num_digits] <= '9') {
      value = value * 10 + (text_[num_digits] - '0');
      ++num_digits;
      if (value > kMaxSide) {
        refuse("a dimension is larger than {}", kMaxSide);
      }
    }
    if (num_digits == 0) {
      refuse("its shape is not a tuple of integers");
    }
    text_.remove_prefix(num_digits);
    return value;
  }

  std::string_view text_;
};

PixelType type_of(const std::string& descr) {
  static const std::map<std::string, PixelType> types = {
      {"|u1", PixelType::kUint8},
      {"<u1", PixelType::kUint8},
      {"<u2", PixelType::kUint16},
      {"<i2", PixelType::kInt16},
      {"<f4", PixelType::kFloat32}};
  const auto found = types.find(descr);
  if (found == types.end()) {
    refuse(
        "its values are '{:.20}'; uint8, uint16, int16 and float32 in little "
        "endian are read (array.astype)",
        descr);
  }
  return found->second;
}

// Where the header begins, and its length.
std::pair<size_t, size_t> header_of(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with(kMagic)) {
    refuse("it does not begin as a .npy file does");
  }
  const auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const size_t version = byte(6);
  if (version < 1 || version > 3) {
    refuse("its format is version {}", version);
  }
  const size_t begin = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) {
    length |= byte(10) << 16 | byte(11) << 24;
  }
  if (length > bytes.size() - begin) {
    refuse("its header is cut short");
  }
  return {begin, length};
}

}  // namespace

NpyArray parse_npy(std::string_view bytes) {
  const auto [begin, length] = header_of(bytes);
  std::string descr;
  bool is_fortran = false;
  NpyArray array;
  HeaderReader(bytes.substr(begin, length))
      .read(descr, is_fortran, array.shape);
  if (is_fortran) {
    refuse("it is in Fortran's order; np.ascontiguousarray makes C's of it");
  }
  array.type = type_of(descr);
  const auto num_bytes = static_cast<int64_t>(bytes.size() - begin - length);
  int64_t needed = bytes_per_pixel(array.type);
  for (const int64_t side : array.shape) {
    // Each product stays below 2^30 times the size of the request.
    if (side == 0 || needed > num_bytes) {
      refuse("its shape is not that of its {} bytes", num_bytes);
    }
    needed *= side;
  }
  if (needed != num_bytes) {
    refuse("its shape needs {} bytes, there are {}", needed, num_bytes);
  }
  array.values = bytes.data() + begin + length;
  return array;
}

std::string encode_npy(std::span<const float> values, int64_t rows) {
  const int64_t columns =
      rows > 0 ? static_cast<int64_t>(values.size()) / rows : 0;
  std::string header = fmt::format(
      "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
      rows,
      columns);
  constexpr size_t kAlign = 64;
  constexpr size_t kBefore = 10;
  const size_t used = kBefore + header.size() + 1;
  header.append((kAlign - used % kAlign) % kAlign, ' ');
  header += '\n';
  std::string file(kMagic);
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(
      reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return file;
}

}  // namespace nadir::serve
