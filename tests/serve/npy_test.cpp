#include "serve/npy.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "serve/base64.h"
#include "serve/images.h"

namespace nadir::serve {
namespace {

TEST(Npy, IsReadWithItsShapeAndType) {
  const auto file = npy_of("<u2", "(3, 2, 5)", std::string(60, 'x'));
  const auto array = parse_npy(file);
  EXPECT_EQ(array.type, raster::PixelType::kUint16);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{3, 2, 5}));
  EXPECT_EQ(array.values, file.data() + file.size() - 60);
}

TEST(Npy, IsWrittenAsItIsRead) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const auto file = encode_npy(values, 3);
  EXPECT_EQ((file.size() - 24) % 64, 0);  // as NumPy aligns it
  const auto array = parse_npy(file);
  EXPECT_EQ(array.type, raster::PixelType::kFloat32);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(std::memcmp(array.values, values.data(), 24), 0);
}

TEST(Npy, IsRefusedWhereBytesAndHeaderDisagree) {
  const std::string six(6, 'x');
  const std::string order = "'fortran_order': False, ";
  for (const auto& file : std::vector<std::string>{
           "",
           "\x93NUMPY",
           std::string(200, '\0'),
           npy_of("|u1", "(7,)", six),
           npy_of("|u1", "(5,)", six),
           npy_of("|u1", "()", six),
           npy_of("|u1", "(0, 6)", six),
           npy_of("|u1", "(-6,)", six),
           npy_of("|u1", "(6", six),
           npy_of("|u1", "(1, 1, 1, 1, 6)", six),
           npy_of("|u1", "(99999999999999999999,)", six),
           npy_of("|u1", "(1073741824, 1073741824, 1073741824)", six),
           npy_of("|O", "(6,)", six),
           npy_of(">u2", "(3,)", six),
           npy_of("<f8", "(6,)", std::string(48, 'x')),
           npy("{'descr': '|u1', 'fortran_order': True, 'shape': (6,)}", six),
           npy("{'descr': [('a', '|u1')], " + order + "'shape': (6,)}", six),
           npy("{'descr': '|u1', " + order + "}", six),
           npy("{'descr': '|u1', " + order + "'shape': (6,)} x", six),
           npy("{'descr': '|u1', 'descr': '|u1', 'shape': (6,)}", six),
           npy("{" + std::string(5000, '{'), six)}) {
    EXPECT_THROW((void)parse_npy(file), Error) << file.substr(0, 100);
  }
}

TEST(Base64, IsDecodedStrictly) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64(base64("\xff\xfe\x01 any")), "\xff\xfe\x01 any");
  for (const char* text :
       {"Z",
        "Zg",
        "Zg=",
        "Zh==",
        "Zm 9v",
        "Zm9v\n",
        "====",
        "Z===",
        "Zm9_",
        "Zg==Zg=="}) {
    EXPECT_FALSE(decode_base64(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace nadir::serve
