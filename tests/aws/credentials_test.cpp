// The chain of places with keys, by a clock that the test moves.
#include "aws/credentials.h"

#include <gtest/gtest.h>

#include "aws/message.h"

namespace nadir::aws {
namespace {

using std::chrono::minutes;

TEST(IsoTime, IsReadWithFractionsAndOffsets) {
  const auto time = parse_iso_time("2026-11-26T05:00:00Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(WallClock::to_time_t(*time), 1795669200);
  for (const char* same :
       {"2026-11-26T05:00:00",
        "2026-11-26 05:00:00Z",
        "2026-11-26T05:00:00.123Z",
        "2026-11-26T07:30:00+02:30",
        "2026-11-26T04:00:00-01:00"}) {
    EXPECT_EQ(parse_iso_time(same), time) << same;
  }
}

TEST(IsoTime, IsNothingElse) {
  for (const char* text :
       {"",
        "soon",
        "2026-11-26",
        "2026-11-26T05:00",
        "1795669200",
        "2026-13-26T05:00:00Z",
        "2026-11-00T05:00:00Z",
        "2026-11-26T25:00:00Z",
        "2026-11-26T05:00:00x",
        "2026-11-26T05:00:00+2",
        "2026-11-26T05:00:00Zx",
        "-026-11-26T05:00:00Z"}) {
    EXPECT_FALSE(parse_iso_time(text)) << text;
  }
}

TEST(ParseCredentials, ReadsWhatAgentsAndProgramsGive) {
  const auto agent = parse_credentials(
      R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s",
          "Token":"t","Expiration":"2026-11-26T05:00:00Z"})",
      "the agent");
  EXPECT_EQ(agent.access_key_id, "A");
  EXPECT_EQ(agent.secret_access_key, "s");
  EXPECT_EQ(agent.session_token, "t");
  EXPECT_EQ(agent.expires, parse_iso_time("2026-11-26T05:00:00Z"));
  EXPECT_EQ(agent.source, "the agent");
  const auto program = parse_credentials(
      R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s",
          "SessionToken":"t"})",
      "the program");
  EXPECT_EQ(program.session_token, "t");
  EXPECT_FALSE(program.expires);
}

TEST(ParseCredentials, NamesTheSourceButNotWhatItGave) {
  for (const char* text :
       {"",
        "hush",
        "[]",
        "{}",
        "null",
        R"({"AccessKeyId":"hush"})",
        R"({"AccessKeyId":1,"SecretAccessKey":"hush"})",
        R"({"AccessKeyId":"","SecretAccessKey":"hush"})"}) {
    const auto message =
        message_of([&] { (void)parse_credentials(text, "the agent"); });
    expect_says(message, {"the agent", "SecretAccessKey"});
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
  expect_says(
      message_of([] {
        (void)parse_credentials(
            R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"soon"})",
            "the agent");
      }),
      {"the agent", "soon"});
}

// Sources that count how often they are asked.
class ChainOfSources : public ::testing::Test {
 protected:
  [[nodiscard]] CredentialsSource source(const std::string& name) {
    return {name, [this, name]() -> std::optional<Credentials> {
              asked_ += name;
              const auto found = has_.find(name);
              if (found == has_.end()) {
                return std::nullopt;
              }
              if (is_broken_) {
                throw Error(ErrorCode::kIo, name + " is out of order");
              }
              return found->second;
            }};
  }

  void give(const std::string& name, std::optional<minutes> holds = {}) {
    Credentials credentials;
    credentials.access_key_id = "KEY" + std::to_string(++num_given_);
    credentials.secret_access_key = "secret";
    credentials.source = name;
    if (holds) {
      credentials.expires = now_ + *holds;
    }
    has_[name] = credentials;
  }

  [[nodiscard]] std::string key() { return chain_.get().access_key_id; }

  WallClock::time_point now_ = *parse_iso_time("2026-11-26T05:00:00Z");
  std::map<std::string, Credentials> has_;
  bool is_broken_ = false;
  int num_given_ = 0;
  std::string asked_;
  CredentialsChain chain_{
      {source("a"), source("b"), source("c")}, [this] { return now_; }};
};

TEST_F(ChainOfSources, TakesTheFirstAndAsksOnce) {
  give("b");
  give("c");
  EXPECT_EQ(key(), "KEY1");
  now_ += std::chrono::hours(10'000);
  EXPECT_EQ(key(), "KEY1");
  EXPECT_EQ(asked_, "ab");
}

TEST_F(ChainOfSources, NamesEveryPlaceWhereThereIsNone) {
  expect_says(
      message_of([&] { (void)chain_.get(); }),
      {"no AWS credentials",
       "a, b, c",
       "AWS_ACCESS_KEY_ID",
       "aws configure",
       "--profile"});
  give("c");  // and looks again
  EXPECT_EQ(key(), "KEY1");
}

TEST_F(ChainOfSources, DoesNotPassOverABrokenSource) {
  give("a");
  give("b");
  is_broken_ = true;
  EXPECT_EQ(message_of([&] { (void)chain_.get(); }), "a is out of order");
}

TEST_F(ChainOfSources, RenewsTenMinutesBeforeTheEnd) {
  give("a", minutes(60));
  EXPECT_EQ(key(), "KEY1");
  give("a", minutes(120));
  now_ += minutes(49);
  EXPECT_EQ(key(), "KEY1");
  now_ += minutes(1);
  EXPECT_EQ(key(), "KEY2");
}

TEST_F(ChainOfSources, UsesKeysThatHoldWhereTheyCannotBeRenewed) {
  give("a", minutes(60));
  EXPECT_EQ(key(), "KEY1");
  now_ += minutes(55);
  is_broken_ = true;
  EXPECT_EQ(key(), "KEY1");
  EXPECT_EQ(key(), "KEY1");
  EXPECT_EQ(asked_, "aa") << "it is asked for once a minute";
  now_ += minutes(1);
  EXPECT_EQ(key(), "KEY1");
  EXPECT_EQ(asked_, "aaa");
  now_ += minutes(4);  // the end
  EXPECT_EQ(message_of([&] { (void)chain_.get(); }), "a is out of order");
}

TEST_F(ChainOfSources, UsesKeysThatHoldWhereTheSourceHasNoneAnyMore) {
  give("a", minutes(60));
  EXPECT_EQ(key(), "KEY1");
  has_.clear();
  now_ += minutes(55);
  EXPECT_EQ(key(), "KEY1");
  now_ += minutes(5);
  expect_says(message_of([&] { (void)chain_.get(); }), {"no AWS credentials"});
}

// A role's keys of five minutes must not start the program at each request.
TEST_F(ChainOfSources, AsksOnceAMinuteForKeysOfFewMinutes) {
  give("a", minutes(5));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(key(), "KEY1");
  }
  EXPECT_EQ(asked_, "a");
}

TEST_F(ChainOfSources, AsksAnewOnceItForgot) {
  give("a", minutes(60));
  EXPECT_EQ(key(), "KEY1");
  give("a", minutes(60));
  chain_.forget();
  EXPECT_EQ(key(), "KEY2");
  chain_.forget();
  is_broken_ = true;  // what a service refused is not used on
  EXPECT_EQ(message_of([&] { (void)chain_.get(); }), "a is out of order");
}

}  // namespace
}  // namespace nadir::aws
