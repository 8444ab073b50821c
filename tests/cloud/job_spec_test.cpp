// Settings of jobs: what is refused before anything is sent.
#include "cloud/job_spec.h"

#include <gtest/gtest.h>

#include "cloud/example_spec.h"
#include "cloud/job_name.h"
#include "core/error.h"

namespace nadir::cloud {
namespace {

void expect_spec_refused(const JobSpec& spec, const std::string& words) {
  try {
    check_spec(spec);
    FAIL() << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
        << error.what();
  }
}

TEST(JobSpec, AcceptsTheArticlesJob) {
  EXPECT_NO_THROW(check_spec(example_spec()));
}

TEST(JobSpec, RefusesWhatSageMakerWouldRefuse) {
  struct Case {
    std::function<void(JobSpec&)> change;
    std::string words;
  };

  const std::vector<Case> cases = {
      {[](JobSpec& s) { s.config.place.image = ""; }, "--image"},
      {[](JobSpec& s) { s.config.place.instance_type = ""; },
       "--instance-type"},
      {[](JobSpec& s) { s.config.place.instance_count = 0; },
       "--instance-count must be 1 to 1000, got 0"},
      {[](JobSpec& s) { s.config.place.max_run = 3'000'000; }, "--max-run"},
      {[](JobSpec& s) { s.config.place.max_wait = 100; }, "add --spot"},
      {[](JobSpec& s) {
         s.config.place.spot = true;
         s.config.place.max_wait = 100;
       },
       "--max-wait 100 is shorter than --max-run 86400"},
      {[](JobSpec& s) {
         s.config.place.spot = true;
         s.config.place.keep_alive = 60;
       },
       "warm pools"},
      {[](JobSpec& s) { s.config.place.subnets = {"subnet-1"}; },
       "--security-groups"},
      {[](JobSpec& s) { s.config.place.max_retries = 31; }, "--max-retries"},
      {[](JobSpec& s) { s.role_arn = "arn:aws:iam::12:role/x"; }, "--role"},
      {[](JobSpec& s) { s.output_uri = "/tmp/out"; }, "--output-s3"},
      {[](JobSpec& s) { s.checkpoint_uri = "s3://B_AD/x"; }, "--checkpoint-s3"},
      {[](JobSpec& s) { s.channels[0].uri = "http://x"; }, "--input train"},
      {[](JobSpec& s) { s.channels[0].mode = "Fast"; }, "File, FastFile, Pipe"},
      {[](JobSpec& s) {
         s.channels[0].mode = "FastFile";
         s.channels[0].uri = "s3://bucket/data";
       },
       "must end with '/'"},
      {[](JobSpec& s) { s.channels.resize(21, s.channels[0]); },
       "takes at most 20, got 21"},
      {[](JobSpec& s) { s.hyperparameters.resize(101); }, "at most 100"},
      {[](JobSpec& s) {
         s.hyperparameters.emplace_back("x", std::string(2501, 'a'));
       },
       "characters of x: SageMaker takes at most 2500, got 2501"},
      {[](JobSpec& s) { s.tags.emplace_back("aws:x", "y"); }, "AWS's own"},
      {[](JobSpec& s) { s.tags.resize(51); }, "at most 50"},
      {[](JobSpec& s) { s.environment.emplace_back("A-B", "y"); },
       "no name of a variable"},
      {[](JobSpec& s) {
         s.metrics.push_back({"x", "loss=[0-9]+"});
       },
       "must have one group"},
      {[](JobSpec& s) {
         s.metrics.push_back({"x", "(["});
       },
       "is no regular expression"},
      {[](JobSpec& s) { s.config.transform.max_payload_mb = 60; },
       "exceeds 100 MB"},
  };
  for (const auto& one : cases) {
    JobSpec spec = example_spec();
    one.change(spec);
    expect_spec_refused(spec, one.words);
  }
}

TEST(JobSpec, ReadsChannelsWithModes) {
  const auto channels = parse_channels(
      {"train=s3://b/x/",
       "metadata:FastFile=s3://b/m/",
       "big:File:ShardedByS3Key=s3://b/a=b/"},
      "File");
  ASSERT_EQ(channels.size(), 3);
  EXPECT_EQ(channels[0], (Channel{"train", "s3://b/x/", "File", false}));
  EXPECT_EQ(channels[1], (Channel{"metadata", "s3://b/m/", "FastFile", false}));
  EXPECT_EQ(channels[2], (Channel{"big", "s3://b/a=b/", "File", true}));
  EXPECT_THROW((void)parse_channels({"train"}, "File"), Error);
  EXPECT_THROW((void)parse_channels({"a:File:x=s3://b/"}, "File"), Error);
  EXPECT_THROW(
      (void)parse_channels({"a=s3://b/", "a:Pipe=s3://b/"}, "File"), Error);
}

TEST(JobSpec, LaterPairsReplaceEarlierOnes) {
  const Pairs pairs = parse_pairs({"a=1", "b=x=y", "a=2"}, "--hp");
  EXPECT_EQ(pairs, (Pairs{{"a", "2"}, {"b", "x=y"}}));
  EXPECT_THROW((void)parse_pairs({"=1"}, "--hp"), Error);
}

TEST(JobName, HoldsTheBaseAndTheTimeIn63Characters) {
  const std::chrono::system_clock::time_point time{
      std::chrono::milliseconds(1'769'862'896'789)};
  EXPECT_EQ(make_job_name("dino", time), "dino-2026-01-31-12-34-56-789");
  const std::string longest = make_job_name(std::string(63, 'a'), time);
  EXPECT_EQ(longest.size(), 63);
  EXPECT_NO_THROW(check_job_name(longest, "--name"));
  // Cutting the base must not leave two dashes' worth of nothing.
  EXPECT_EQ(
      make_job_name(std::string(38, 'a') + "-b", time),
      std::string(38, 'a') + "-2026-01-31-12-34-56-789");
}

TEST(JobName, RefusesWhatIsNoName) {
  for (const char* name : {"", "a_b", "-a", "a-", "a.b", "../x", "a b"}) {
    EXPECT_THROW(check_job_name(name, "--name"), Error) << name;
  }
  EXPECT_THROW(check_job_name(std::string(64, 'a'), "--name"), Error);
}

}  // namespace
}  // namespace nadir::cloud
