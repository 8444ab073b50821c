#include "cloud/job_spec.h"

#include <algorithm>
#include <regex>

#include "core/config.h"
#include "core/error.h"

namespace nadir::cloud {
namespace {

constexpr size_t kMaxHyperparameters = 100;
constexpr size_t kMaxHyperparameterName = 256;
constexpr size_t kMaxHyperparameterValue = 2500;
constexpr size_t kMaxChannels = 20;
constexpr size_t kMaxMetrics = 40;
constexpr size_t kMaxMetricName = 255;
constexpr size_t kMaxMetricRegex = 500;
constexpr size_t kMaxTags = 50;
constexpr size_t kMaxTagKey = 128;
constexpr size_t kMaxTagValue = 256;
constexpr size_t kMaxEnvironment = 100;
constexpr size_t kMaxEnvironmentText = 512;
constexpr size_t kMaxUri = 1024;
constexpr int64_t kMaxRetries = 30;
constexpr int64_t kMaxKeepAlive = 21600;
constexpr int64_t kMaxRunSeconds = 28 * 86400;
constexpr int64_t kMaxTransformMegabytes = 100;

void check_choice(
    const std::string& value,
    const std::vector<std::string>& choices,
    const std::string& flag) {
  NADIR_CHECK(
      std::find(choices.begin(), choices.end(), value) != choices.end(),
      "{} must be one of {}, got '{}'{}",
      flag,
      join(choices, ", "),
      value,
      did_you_mean(value, choices));
}

void check_size(size_t size, size_t most, const std::string& what) {
  NADIR_CHECK(
      size <= most, "{}: SageMaker takes at most {}, got {}", what, most, size);
}

void check_range(
    int64_t value, int64_t least, int64_t most, const std::string& flag) {
  NADIR_CHECK(
      value >= least && value <= most,
      "{} must be {} to {}, got {}",
      flag,
      least,
      most,
      value);
}

void check_role(const std::string& arn) {
  static const std::regex pattern(
      R"(arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)");
  NADIR_CHECK(
      std::regex_match(arn, pattern) && arn.size() <= 2048,
      "--role must be a role's name or arn:aws:iam::ACCOUNT:role/NAME, got "
      "'{}'",
      arn);
}

void check_place(const JobSpec& spec) {
  const auto& place = spec.config.place;
  NADIR_CHECK(
      !place.image.empty() && place.image.size() <= 255,
      "--image must name nadir's image in ECR, such as "
      "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:latest, got '{}'",
      place.image);
  NADIR_CHECK(
      !place.instance_type.empty(),
      "--instance-type is missing, for instance ml.g5.xlarge");
  check_range(place.instance_count, 1, 1000, "--instance-count");
  check_range(place.volume_size, 1, 16384, "--volume-size");
  check_range(place.max_run, 1, kMaxRunSeconds, "--max-run");
  check_range(place.max_retries, 0, kMaxRetries, "--max-retries");
  check_range(place.keep_alive, 0, kMaxKeepAlive, "--keep-alive");
  NADIR_CHECK(
      place.spot || place.max_wait == 0,
      "--max-wait {} is of spot instances: add --spot, or leave it out",
      place.max_wait);
  NADIR_CHECK(
      !place.spot || place.max_wait == 0 || place.max_wait >= place.max_run,
      "--max-wait {} is shorter than --max-run {}: it counts the run and the "
      "waiting",
      place.max_wait,
      place.max_run);
  NADIR_CHECK(
      !(place.spot && place.keep_alive > 0),
      "--keep-alive {} is not to be had with --spot: warm pools are of "
      "on-demand instances",
      place.keep_alive);
  NADIR_CHECK(
      place.subnets.empty() == place.security_groups.empty(),
      "a VPC needs both --subnets and --security-groups");
}

void check_channels(const std::vector<Channel>& channels) {
  check_size(channels.size(), kMaxChannels, "--input");
  static const std::regex pattern(R"([A-Za-z0-9._\-]{1,64})");
  for (const auto& channel : channels) {
    const std::string flag = "--input " + channel.name;
    NADIR_CHECK(
        std::regex_match(channel.name, pattern),
        "--input: a channel's name has 1 to 64 letters, digits, '.', '_' and "
        "'-', got '{}'",
        channel.name);
    check_choice(channel.mode, {"File", "FastFile", "Pipe"}, flag);
    NADIR_CHECK(
        channel.mode != "FastFile" || channel.uri.ends_with('/') ||
            !channel.uri.starts_with("s3://"),
        "{}: FastFile shows a folder, so {} must end with '/'",
        flag,
        channel.uri);
  }
}

void check_texts(const JobSpec& spec) {
  check_size(spec.hyperparameters.size(), kMaxHyperparameters, "--hp");
  for (const auto& [name, value] : spec.hyperparameters) {
    check_size(
        name.size(), kMaxHyperparameterName, "characters of the name " + name);
    check_size(value.size(), kMaxHyperparameterValue, "characters of " + name);
  }
  check_size(spec.tags.size(), kMaxTags, "--tag");
  for (const auto& [key, value] : spec.tags) {
    check_size(key.size(), kMaxTagKey, "characters of the tag " + key);
    check_size(value.size(), kMaxTagValue, "characters of the tag " + key);
    NADIR_CHECK(
        !key.starts_with("aws:"), "--tag {}: tags of aws: are AWS's own", key);
  }
  static const std::regex variable("[a-zA-Z_][a-zA-Z0-9_]*");
  check_size(spec.environment.size(), kMaxEnvironment, "--environment");
  for (const auto& [name, value] : spec.environment) {
    NADIR_CHECK(
        std::regex_match(name, variable) && name.size() <= kMaxEnvironmentText,
        "--environment: '{}' is no name of a variable",
        name);
    check_size(value.size(), kMaxEnvironmentText, "characters of " + name);
  }
}

void check_metrics(const std::vector<MetricDefinition>& metrics) {
  check_size(metrics.size(), kMaxMetrics, "metrics");
  for (const auto& metric : metrics) {
    check_size(metric.name.size(), kMaxMetricName, "characters of --metric");
    check_size(
        metric.regex.size(), kMaxMetricRegex, "characters of " + metric.name);
    unsigned num_groups = 0;
    try {
      num_groups = static_cast<unsigned>(std::regex(metric.regex).mark_count());
    } catch (const std::regex_error&) {
      fail(
          ErrorCode::kInvalidArgument,
          "--metric {}: '{}' is no regular expression",
          metric.name,
          metric.regex);
    }
    NADIR_CHECK(
        num_groups == 1,
        "--metric {}: '{}' must have one group, around the number; it has {}",
        metric.name,
        metric.regex,
        num_groups);
  }
}

void check_transform(const TransformConfig& transform) {
  check_choice(
      transform.split_type,
      {"None", "Line", "RecordIO", "TFRecord"},
      "--split-type");
  check_choice(
      transform.batch_strategy,
      {"SingleRecord", "MultiRecord"},
      "--batch-strategy");
  check_range(
      transform.max_payload_mb, 0, kMaxTransformMegabytes, "--max-payload-mb");
  check_range(
      transform.max_concurrent, 1, kMaxTransformMegabytes, "--max-concurrent");
  NADIR_CHECK(
      transform.max_concurrent * transform.max_payload_mb <=
          kMaxTransformMegabytes,
      "--max-concurrent {} times --max-payload-mb {} exceeds {} MB",
      transform.max_concurrent,
      transform.max_payload_mb,
      kMaxTransformMegabytes);
}

}  // namespace

Pairs parse_pairs(
    const std::vector<std::string>& words, const std::string& flag) {
  Pairs pairs;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    NADIR_CHECK(
        equals != std::string::npos && equals > 0,
        "{} takes NAME=VALUE, got '{}'",
        flag,
        word);
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    const auto same =
        std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
          return pair.first == name;
        });
    if (same != pairs.end()) {
      same->second = value;
    } else {
      pairs.emplace_back(name, value);
    }
  }
  return pairs;
}

std::vector<Channel> parse_channels(
    const std::vector<std::string>& words, const std::string& mode) {
  std::vector<Channel> channels;
  for (const auto& [name, uri] : parse_pairs(words, "--input")) {
    const auto parts = split(name, ':');
    NADIR_CHECK(
        !parts.empty() && parts.size() <= 3 &&
            (parts.size() < 3 || parts[2] == "ShardedByS3Key"),
        "--input takes NAME[:MODE[:ShardedByS3Key]]=s3://BUCKET/PREFIX, got "
        "'{}={}'",
        name,
        uri);
    Channel channel{parts[0], uri, mode, parts.size() == 3};
    if (parts.size() > 1) {
      channel.mode = parts[1];
    }
    for (const auto& other : channels) {
      NADIR_CHECK(
          other.name != channel.name,
          "--input: the channel {} is there twice",
          channel.name);
    }
    channels.push_back(channel);
  }
  return channels;
}

void check_s3_uri(const std::string& uri, const std::string& flag) {
  static const std::regex pattern(
      R"(s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?)");
  NADIR_CHECK(
      uri.size() <= kMaxUri && std::regex_match(uri, pattern),
      "{} must be s3://BUCKET/PREFIX with at most {} characters, got '{}'",
      flag,
      kMaxUri,
      uri);
}

void check_spec(const JobSpec& spec) {
  check_place(spec);
  check_role(spec.role_arn);
  check_s3_uri(spec.output_uri, "--output-s3");
  if (!spec.checkpoint_uri.empty()) {
    check_s3_uri(spec.checkpoint_uri, "--checkpoint-s3");
  }
  check_channels(spec.channels);
  for (const auto& channel : spec.channels) {
    check_s3_uri(channel.uri, "--input " + channel.name);
  }
  check_texts(spec);
  check_metrics(spec.metrics);
  check_transform(spec.config.transform);
}

}  // namespace nadir::cloud
