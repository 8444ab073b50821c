// A job with every name resolved: what the requests are made of.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cloud/job_config.h"

namespace nadir::cloud {

// Names and values in the order in which they were given; names are unique.
using Pairs = std::vector<std::pair<std::string, std::string>>;

// What a channel holds, as the contract has it.
struct Channel {
  std::string name;
  std::string uri;   // s3://..., or a folder in local mode
  std::string mode;  // File, FastFile, Pipe
  bool is_sharded = false;

  bool operator==(const Channel&) const = default;
};

// A metric of the console: the first group of `regex` in log lines is its
// value.
struct MetricDefinition {
  std::string name;
  std::string regex;
};

struct JobSpec {
  std::string name;
  std::string task;  // pretrain, linear, predict, pack
  JobConfig config;
  std::string role_arn;
  std::string output_uri;      // without a slash at its end
  std::string checkpoint_uri;  // "" for none
  std::string model_uri;       // transform: s3://.../model.tar.gz
  std::vector<Channel> channels;
  Pairs hyperparameters;  // encoded
  Pairs tags;
  Pairs environment;
  std::vector<MetricDefinition> metrics;
};

// "NAME=VALUE" taken apart; a later one of a name replaces an earlier. `flag`
// is for messages. Throws Error{kInvalidArgument}.
[[nodiscard]] Pairs parse_pairs(
    const std::vector<std::string>& words, const std::string& flag);

// "NAME[:MODE[:ShardedByS3Key]]=URI"; `mode` where the word has none. Throws
// Error{kInvalidArgument}.
[[nodiscard]] std::vector<Channel> parse_channels(
    const std::vector<std::string>& words, const std::string& mode);

// SageMaker's limits on the whole, and rules between settings, checked before
// anything is sent. Throws Error{kInvalidArgument} naming the flag.
void check_spec(const JobSpec& spec);

// Throws Error{kInvalidArgument} unless `uri`, given as `flag`, is
// s3://BUCKET[/KEY] of at most 1024 characters.
void check_s3_uri(const std::string& uri, const std::string& flag);

}  // namespace nadir::cloud
