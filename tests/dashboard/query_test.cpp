#include "dashboard/query.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "dashboard/router.h"

namespace nadir::dashboard {
namespace {

TEST(Query, ReadsEncodedValuesAndSeveralOfAKey) {
  const Query query("like=a%26b&like=c+d%2B&empty=&flag&x=%zz%4");
  EXPECT_EQ(query.all("like"), (std::vector<std::string>{"a&b", "c d+"}));
  EXPECT_EQ(query.text("empty"), "");
  EXPECT_TRUE(query.get("flag").has_value());
  EXPECT_FALSE(query.get("other").has_value());
  EXPECT_EQ(query.text("x"), "%zz%4");
}

TEST(Query, RefusesWhatIsNoNumberInItsRange) {
  const Query query("n=12&big=99999999999999999999&text=1x&nan=nan&inf=1e999");
  EXPECT_EQ(query.integer("n", 0, 0, 20), 12);
  EXPECT_EQ(query.integer("missing", 7, 0, 20), 7);
  EXPECT_EQ(query.number("n", 0), 12);
  EXPECT_THROW((void)query.integer("n", 0, 0, 11), Error);
  EXPECT_THROW((void)query.integer("big", 0, 0, 11), Error);
  EXPECT_THROW((void)query.integer("text", 0, 0, 11), Error);
  for (const char* key : {"text", "nan", "inf"}) {
    EXPECT_THROW((void)query.number(key, 0), Error) << key;
  }
}

http::Request request_of(const std::string& method, const std::string& path) {
  http::Request request;
  request.method = method;
  request.path = path;
  return request;
}

TEST(Router, GivesTheWordsOfAnAddressToItsHandler) {
  Router router;
  router.add("GET", "/api/runs/*/pictures/*", [](const Call& call) {
    return error_response(200, call.words[0] + "|" + call.words[1]);
  });
  router.add("PUT", "/api/runs/*/pictures/*", [](const Call&) {
    return error_response(201, "put");
  });
  const auto answer =
      router.answer(request_of("GET", "/api/runs/3/pictures/a%2Fb"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("3|a/b"), std::string::npos);
  EXPECT_EQ(router.methods("/api/runs/3/pictures/x"), "GET, PUT");
  EXPECT_EQ(router.methods("/api/runs//pictures/x"), "");
  router.add("GET", "/band/*.png", [](const Call& call) {
    return error_response(200, call.words[0]);
  });
  EXPECT_EQ(
      router.answer(request_of("GET", "/band/B02.png")).body,
      R"({"error":"B02"})");
  for (const char* path : {"/band/.png", "/band/B02", "/band/B02.png/"}) {
    EXPECT_EQ(router.answer(request_of("GET", path)).status, 404) << path;
  }
  EXPECT_EQ(router.answer(request_of("GET", "/api/runs/3")).status, 404);
  EXPECT_EQ(
      router.answer(request_of("PUT", "/api/runs/3/pictures/x")).status, 201);
}

TEST(Router, TurnsErrorsIntoStatuses) {
  Router router;
  router.add("GET", "/number/*", [](const Call& call) {
    return error_response(200, std::to_string(call.id(0, 5, "thing")));
  });
  router.add("GET", "/wrong", [](const Call&) -> http::Response {
    fail(ErrorCode::kInvalidArgument, "a \"wrong\" value");
  });
  router.add("GET", "/broken", [](const Call&) -> http::Response {
    throw std::runtime_error("oh");
  });
  EXPECT_EQ(router.answer(request_of("GET", "/number/4")).status, 200);
  for (const char* path : {"/number/5", "/number/-1", "/number/x"}) {
    EXPECT_EQ(router.answer(request_of("GET", path)).status, 404) << path;
  }
  const auto wrong = router.answer(request_of("GET", "/wrong"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.body, R"({"error":"a \"wrong\" value"})");
  EXPECT_EQ(router.answer(request_of("GET", "/broken")).status, 500);
}

}  // namespace
}  // namespace nadir::dashboard
