#include "cloud/requests.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace nadir::cloud {
namespace {

using nlohmann::json;

constexpr char kProcessingBase[] = "/opt/ml/processing";
constexpr size_t kMaxProcessingInputs = 10;

json tags_json(const Pairs& tags) {
  json out = json::array();
  for (const auto& [key, value] : tags) {
    out.push_back({{"Key", key}, {"Value", value}});
  }
  return out;
}

json map_json(const Pairs& pairs) {
  json out = json::object();
  for (const auto& [name, value] : pairs) {
    out[name] = value;
  }
  return out;
}

json s3_source(const Channel& channel) {
  return {
      {"S3DataSource",
       {{"S3DataType", "S3Prefix"},
        {"S3Uri", channel.uri},
        {"S3DataDistributionType",
         channel.is_sharded ? "ShardedByS3Key" : "FullyReplicated"}}}};
}

json channels_json(const std::vector<Channel>& channels) {
  json out = json::array();
  for (const auto& channel : channels) {
    out.push_back(
        {{"ChannelName", channel.name},
         {"DataSource", s3_source(channel)},
         {"InputMode", channel.mode}});
  }
  return out;
}

json algorithm_json(const JobSpec& spec) {
  json metrics = json::array();
  for (const auto& metric : spec.metrics) {
    metrics.push_back({{"Name", metric.name}, {"Regex", metric.regex}});
  }
  json algorithm = {
      {"TrainingImage", spec.config.place.image},
      {"TrainingInputMode", spec.config.data.input_mode},
      {"EnableSageMakerMetricsTimeSeries", true}};
  if (!metrics.empty()) {
    algorithm["MetricDefinitions"] = metrics;
  }
  return algorithm;
}

json resources_json(const PlaceConfig& place) {
  json resources = {
      {"InstanceType", place.instance_type},
      {"InstanceCount", place.instance_count},
      {"VolumeSizeInGB", place.volume_size}};
  if (!place.volume_kms_key.empty()) {
    resources["VolumeKmsKeyId"] = place.volume_kms_key;
  }
  return resources;
}

json vpc_json(const PlaceConfig& place) {
  return {
      {"SecurityGroupIds", place.security_groups}, {"Subnets", place.subnets}};
}

void add_stopping(const PlaceConfig& place, json& request) {
  request["StoppingCondition"] = {{"MaxRuntimeInSeconds", place.max_run}};
  if (place.spot) {
    request["EnableManagedSpotTraining"] = true;
    request["StoppingCondition"]["MaxWaitTimeInSeconds"] =
        place.max_wait > 0 ? place.max_wait : place.max_run;
  }
  if (place.max_retries > 0) {
    request["RetryStrategy"] = {{"MaximumRetryAttempts", place.max_retries}};
  }
}

void add_network(const PlaceConfig& place, json& request) {
  if (!place.subnets.empty()) {
    request["VpcConfig"] = vpc_json(place);
  }
  if (place.network_isolation) {
    request["EnableNetworkIsolation"] = true;
  }
  if (place.encrypt_traffic) {
    request["EnableInterContainerTrafficEncryption"] = true;
  }
}

std::string job_root(const JobSpec& spec) {
  return spec.output_uri + "/" + spec.name;
}

json processing_input(
    const std::string& name,
    const std::string& uri,
    const std::string& folder,
    bool is_sharded) {
  return {
      {"InputName", name},
      {"S3Input",
       {{"S3Uri", uri},
        {"LocalPath", std::string(kProcessingBase) + "/input/" + folder},
        {"S3DataType", "S3Prefix"},
        {"S3InputMode", "File"},
        {"S3DataDistributionType",
         is_sharded ? "ShardedByS3Key" : "FullyReplicated"}}}};
}

json processing_output(
    const JobSpec& spec, const std::string& name, const std::string& folder) {
  return {
      {"OutputName", name},
      {"S3Output",
       {{"S3Uri", job_root(spec) + "/output/" + name},
        {"LocalPath", std::string(kProcessingBase) + "/" + folder},
        {"S3UploadMode", "EndOfJob"}}}};
}

}  // namespace

void check_processing(const JobSpec& spec) {
  const auto& place = spec.config.place;
  NADIR_CHECK(
      place.instance_count == 1,
      "--instance-count {}: this runs as a processing job of one instance; "
      "--as training takes more",
      place.instance_count);
  NADIR_CHECK(
      !place.spot && place.keep_alive == 0 && place.max_retries == 0,
      "--spot, --keep-alive and --max-retries are of training jobs; add --as "
      "training, or leave them out");
  NADIR_CHECK(
      spec.channels.size() + 2 <= kMaxProcessingInputs,
      "--input: a processing job takes {} channels, got {}",
      kMaxProcessingInputs - 2,
      spec.channels.size());
  for (const auto& channel : spec.channels) {
    NADIR_CHECK(
        channel.mode == "File",
        "--input {}: processing jobs read in mode File, got {}; --as training "
        "reads the others too",
        channel.name,
        channel.mode);
  }
}

json training_request(const JobSpec& spec) {
  const auto& place = spec.config.place;
  json output = {{"S3OutputPath", spec.output_uri}};
  if (!spec.config.data.compress_output) {
    output["CompressionType"] = "NONE";
  }
  if (!place.output_kms_key.empty()) {
    output["KmsKeyId"] = place.output_kms_key;
  }
  json request = {
      {"TrainingJobName", spec.name},
      {"RoleArn", spec.role_arn},
      {"AlgorithmSpecification", algorithm_json(spec)},
      {"HyperParameters", map_json(spec.hyperparameters)},
      {"OutputDataConfig", output},
      {"ResourceConfig", resources_json(place)},
      {"Tags", tags_json(spec.tags)}};
  if (place.keep_alive > 0) {
    request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = place.keep_alive;
  }
  if (!spec.channels.empty()) {
    request["InputDataConfig"] = channels_json(spec.channels);
  }
  if (!spec.checkpoint_uri.empty()) {
    request["CheckpointConfig"] = {
        {"S3Uri", spec.checkpoint_uri}, {"LocalPath", "/opt/ml/checkpoints"}};
  }
  if (!spec.environment.empty()) {
    request["Environment"] = map_json(spec.environment);
  }
  add_stopping(place, request);
  add_network(place, request);
  return request;
}

json model_request(const JobSpec& spec) {
  const auto& place = spec.config.place;
  json container = {{"Image", place.image}, {"ModelDataUrl", spec.model_uri}};
  if (!spec.environment.empty()) {
    container["Environment"] = map_json(spec.environment);
  }
  json request = {
      {"ModelName", spec.name},
      {"PrimaryContainer", container},
      {"ExecutionRoleArn", spec.role_arn},
      {"Tags", tags_json(spec.tags)}};
  if (!place.subnets.empty()) {
    request["VpcConfig"] = vpc_json(place);
  }
  if (place.network_isolation) {
    request["EnableNetworkIsolation"] = true;
  }
  return request;
}

json transform_request(const JobSpec& spec) {
  NADIR_CHECK(
      spec.channels.size() == 1,
      "a transform job reads one channel, --input data=s3://BUCKET/PREFIX/, "
      "got {}",
      spec.channels.size());
  const auto& transform = spec.config.transform;
  const auto& place = spec.config.place;
  json source = s3_source(spec.channels.front());
  source["S3DataSource"].erase("S3DataDistributionType");  // it always shards
  json resources = {
      {"InstanceType", place.instance_type},
      {"InstanceCount", place.instance_count}};
  if (!place.volume_kms_key.empty()) {
    resources["VolumeKmsKeyId"] = place.volume_kms_key;
  }
  json output = {
      {"S3OutputPath", job_root(spec) + "/output"},
      {"Accept", transform.accept},
      {"AssembleWith", transform.split_type == "Line" ? "Line" : "None"}};
  if (!place.output_kms_key.empty()) {
    output["KmsKeyId"] = place.output_kms_key;
  }
  return {
      {"TransformJobName", spec.name},
      {"ModelName", spec.name},
      {"BatchStrategy", transform.batch_strategy},
      {"MaxConcurrentTransforms", transform.max_concurrent},
      {"MaxPayloadInMB", transform.max_payload_mb},
      {"TransformInput",
       {{"DataSource", source},
        {"ContentType", transform.content_type},
        {"SplitType", transform.split_type},
        {"CompressionType", "None"}}},
      {"TransformOutput", output},
      {"TransformResources", resources},
      {"Tags", tags_json(spec.tags)}};
}

std::string processing_config_uri(const JobSpec& spec) {
  return job_root(spec) + "/input/config";
}

Pairs processing_config(const JobSpec& spec) {
  json channels = json::object();
  for (const auto& channel : spec.channels) {
    channels[channel.name] = {
        {"TrainingInputMode", channel.mode},
        {"S3DistributionType",
         channel.is_sharded ? "ShardedByS3Key" : "FullyReplicated"},
        {"RecordWrapperType", "None"}};
  }
  const json hosts = {
      {"current_host", "algo-1"},
      {"current_instance_type", spec.config.place.instance_type},
      {"hosts", {"algo-1"}},
      {"network_interface_name", "eth0"}};
  return {
      {"hyperparameters.json", json_text(map_json(spec.hyperparameters))},
      {"inputdataconfig.json", json_text(channels)},
      {"resourceconfig.json", json_text(hosts)}};
}

json processing_request(const JobSpec& spec) {
  check_processing(spec);
  const auto& place = spec.config.place;
  json inputs = json::array();
  for (const auto& channel : spec.channels) {
    inputs.push_back(processing_input(
        channel.name, channel.uri, "data/" + channel.name, channel.is_sharded));
  }
  inputs.push_back(processing_input(
      "nadir-config", processing_config_uri(spec) + "/", "config", false));
  json outputs = {
      {"Outputs",
       {processing_output(spec, "model", "model"),
        processing_output(spec, "data", "output/data")}}};
  if (!place.output_kms_key.empty()) {
    outputs["KmsKeyId"] = place.output_kms_key;
  }
  json environment = map_json(spec.environment);
  environment["SAGEMAKER_BASE_DIR"] = kProcessingBase;
  environment["TRAINING_JOB_NAME"] = spec.name;
  json network = json::object();
  add_network(place, network);
  json request = {
      {"ProcessingJobName", spec.name},
      {"RoleArn", spec.role_arn},
      {"AppSpecification",
       {{"ImageUri", place.image},
        {"ContainerEntrypoint", {"nadir", "train"}}}},
      {"Environment", environment},
      {"ProcessingInputs", inputs},
      {"ProcessingOutputConfig", outputs},
      {"ProcessingResources", {{"ClusterConfig", resources_json(place)}}},
      {"StoppingCondition", {{"MaxRuntimeInSeconds", place.max_run}}},
      {"Tags", tags_json(spec.tags)}};
  if (!network.empty()) {
    request["NetworkConfig"] = network;
  }
  return request;
}

}  // namespace nadir::cloud
