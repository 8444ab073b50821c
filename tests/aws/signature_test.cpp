// Signatures beside those that AWS publishes: "Authenticating Requests: Using
// the Authorization Header" of the S3 API Reference, and the IAM example of
// "Create a signed AWS API request".
#include "aws/signature.h"

#include <gtest/gtest.h>

namespace nadir::aws {
namespace {

std::string header_of(const HttpRequest& request, const std::string& name) {
  std::string value;
  for (const auto& [one, text] : request.headers) {
    if (one == name) {
      EXPECT_EQ(value, "") << name << " stands there twice";
      value = text;
    }
  }
  return value;
}

std::string signature_of(const HttpRequest& request) {
  const std::string text = header_of(request, "authorization");
  return text.substr(text.find("Signature=") + 10);
}

Credentials credentials_of(const char* id, const char* secret) {
  Credentials credentials;
  credentials.access_key_id = id;
  credentials.secret_access_key = secret;
  return credentials;
}

class S3Signature : public ::testing::Test {
 protected:
  S3Signature() {
    scope_.region = "us-east-1";
    scope_.service = "s3";
    scope_.time = *parse_iso_time("2013-05-24T00:00:00Z");
    request_.endpoint =
        parse_endpoint("https://examplebucket.s3.amazonaws.com", "x");
  }

  [[nodiscard]] std::string signature() {
    sign(request_, credentials_, scope_);
    return signature_of(request_);
  }

  Credentials credentials_ = credentials_of(
      "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  SigningScope scope_;
  HttpRequest request_;
};

TEST_F(S3Signature, OfGetObjectIsAsPublished) {
  request_.path = "/test.txt";
  request_.headers = {{"range", "bytes=0-9"}};
  EXPECT_EQ(
      signature(),
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(
      header_of(request_, "authorization"),
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
      "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
      "Signature="
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Signature, OfPutObjectIsAsPublished) {
  request_.method = "PUT";
  request_.path = "/" + uri_encode("test$file.text", true);
  request_.headers = {
      {"date", "Fri, 24 May 2013 00:00:00 GMT"},
      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  request_.body = "Welcome to Amazon S3.";
  EXPECT_EQ(
      signature(),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Signature, OfAQueryWithoutAValueIsAsPublished) {
  request_.query = {{"lifecycle", ""}};
  EXPECT_EQ(
      signature(),
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Signature, OfListObjectsIsAsPublished) {
  request_.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(
      signature(),
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(S3Signature, TakesAHashThatIsKnownAlready) {
  request_.method = "PUT";
  request_.body = "abc";
  const std::string by_body = signature();
  request_.body = "";
  scope_.payload_hash =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(signature(), by_body);
  scope_.payload_hash = "UNSIGNED-PAYLOAD";
  EXPECT_NE(signature(), by_body);
  EXPECT_EQ(header_of(request_, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST_F(S3Signature, SignsThePathAsItIsSent) {
  request_.path = "/a//b/../%2B";
  EXPECT_TRUE(
      canonical_request(request_, scope_).starts_with("GET\n/a//b/../%2B\n"));
}

TEST(Signature, OfListUsersIsAsPublished) {
  HttpRequest request;
  request.endpoint = parse_endpoint("https://iam.amazonaws.com", "x");
  request.query = {{"Action", "ListUsers"}, {"Version", "2010-05-08"}};
  request.headers = {
      {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  SigningScope scope;
  scope.region = "us-east-1";
  scope.service = "iam";
  scope.time = *parse_iso_time("2015-08-30T12:36:00Z");
  sign(
      request,
      credentials_of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      scope);
  EXPECT_EQ(
      signature_of(request),
      "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  EXPECT_EQ(header_of(request, "x-amz-content-sha256"), "");
}

TEST(Signature, NormalisesAndEncodesPathsOfOtherServicesOnceMore) {
  HttpRequest request;
  request.endpoint = parse_endpoint("https://host/prefix", "x");
  request.path = "//a%20b/./c";
  SigningScope scope;
  scope.service = "sagemaker";
  EXPECT_TRUE(canonical_request(request, scope)
                  .starts_with("GET\n/prefix/a%2520b/c\n"));
}

TEST(Signature, FoldsBlanksAndJoinsHeadersOfOneName) {
  HttpRequest request;
  request.endpoint = parse_endpoint("https://host:8443", "x");
  request.headers = {{"b", "  x \t y  "}, {"a", "2"}, {"a", " 1"}};
  SigningScope scope;
  scope.service = "logs";
  const auto text = canonical_request(request, scope);
  EXPECT_NE(
      text.find("\na:2,1\nb:x y\nhost:host:8443\n\na;b;host\n"),
      std::string::npos)
      << text;
}

TEST(Signature, IsReplacedWhereTheRequestIsSignedAgain) {
  HttpRequest request;
  request.endpoint = parse_endpoint("https://host", "x");
  SigningScope scope;
  scope.region = "eu-central-1";
  scope.service = "s3";
  Credentials credentials = credentials_of("AKID", "secret");
  credentials.session_token = "token";
  sign(request, credentials, scope);
  const auto first = request.headers;
  sign(request, credentials, scope);
  EXPECT_EQ(request.headers, first);
  // Keys that do not expire have no token to send.
  sign(request, credentials_of("AKID", "secret"), scope);
  EXPECT_EQ(header_of(request, "x-amz-security-token"), "");
  EXPECT_EQ(request.headers.size(), first.size() - 1);
}

}  // namespace
}  // namespace nadir::aws
