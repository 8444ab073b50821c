// Encodings and addresses, as signatures need them.
#include "aws/uri.h"

#include <gtest/gtest.h>

#include "aws/message.h"

namespace nadir::aws {
namespace {

TEST(Uri, EncodesAllButUnreservedBytesInUpperCase) {
  EXPECT_EQ(uri_encode("AZaz09-_.~"), "AZaz09-_.~");
  EXPECT_EQ(uri_encode("a b+c/d"), "a%20b%2Bc%2Fd");
  EXPECT_EQ(uri_encode("a b/c", true), "a%20b/c");
  EXPECT_EQ(uri_encode("\xC3\xA4\x01\xFF"), "%C3%A4%01%FF");
  EXPECT_EQ(uri_encode(std::string("\0", 1)), "%00");
}

TEST(Uri, DecodesWhatItEncodes) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
  }
  EXPECT_EQ(uri_decode(uri_encode(bytes)), bytes);
}

TEST(Uri, LeavesBrokenEscapesAlone) {
  EXPECT_EQ(uri_decode("%4"), "%4");
  EXPECT_EQ(uri_decode("%"), "%");
  EXPECT_EQ(uri_decode("%zz%41"), "%zzA");
  EXPECT_EQ(uri_decode("a+b"), "a+b");
}

TEST(Uri, SortsAQueryByItsEncodedNamesAndValues) {
  EXPECT_EQ(query_text({}), "");
  EXPECT_EQ(query_text({{"uploads", ""}}), "uploads=");
  EXPECT_EQ(
      query_text({{"b", "2"}, {"a", "z"}, {"a", "b c"}, {"A", "/"}}),
      "A=%2F&a=b%20c&a=z&b=2");
  // '%' sorts before letters: by the encoded names.
  EXPECT_EQ(query_text({{"a", ""}, {"\xC3\xA4", ""}}), "%C3%A4=&a=");
}

TEST(Uri, NormalPathsHaveNoDotsAndSingleSlashes) {
  EXPECT_EQ(normal_path(""), "/");
  EXPECT_EQ(normal_path("/"), "/");
  EXPECT_EQ(normal_path("//a//b/"), "/a/b/");
  EXPECT_EQ(normal_path("/a/./b/../c"), "/a/c");
  EXPECT_EQ(normal_path("/../.."), "/");
  EXPECT_EQ(normal_path("/a/%2E%2E"), "/a/%2E%2E");
}

TEST(Endpoint, IsSchemeHostAndPrefix) {
  const auto endpoint =
      parse_endpoint("https://S3.Example.com:8443/a/b//", "x");
  EXPECT_EQ(endpoint.scheme, "https");
  EXPECT_EQ(endpoint.host, "s3.example.com:8443");
  EXPECT_EQ(endpoint.path, "/a/b");
  EXPECT_EQ(endpoint.text(), "https://s3.example.com:8443/a/b");
}

// libcurl leaves such ports out of the Host header, which is signed.
TEST(Endpoint, DropsThePortThatItsSchemeImplies) {
  EXPECT_EQ(parse_endpoint("https://a:443", "x").host, "a");
  EXPECT_EQ(parse_endpoint("http://a:80/", "x").host, "a");
  EXPECT_EQ(parse_endpoint("http://a:443", "x").host, "a:443");
  EXPECT_EQ(parse_endpoint("http://[::1]:80", "x").host, "[::1]");
  EXPECT_EQ(parse_endpoint("http://[::1]:81", "x").host, "[::1]:81");
  EXPECT_EQ(
      parse_endpoint("http://[fd00:ec2::254]", "x").host, "[fd00:ec2::254]");
}

TEST(Endpoint, RefusesWhatIsNoAddressAndNamesIt) {
  for (const char* address :
       {"",
        "localhost:5555",
        "ftp://a",
        "https://",
        "https:///a",
        "http://:80",
        "http://a b",
        "http://a\n",
        "http://a?x=1",
        "http://a#x",
        "http://a:x",
        "http://a:",
        "http://a:0",
        "http://a:65536",
        "http://a:8x",
        "http://\xC3\xA4",
        "http://a\\b"}) {
    expect_says(
        message_of([&] { (void)parse_endpoint(address, "AWS_ENDPOINT_URL"); }),
        {"AWS_ENDPOINT_URL", address, "https://host[:port]"});
  }
}

TEST(Endpoint, DoesNotShowAPassword) {
  const auto message = message_of(
      [] { (void)parse_endpoint("https://me:hush@host", "--endpoint-url"); });
  EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  expect_says(message, {"***@host", "user's name"});
}

}  // namespace
}  // namespace nadir::aws
