// Bodies of requests. tests/cloud/request_shapes_test.py holds them against the
// service's own model.
#include "cloud/requests.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cloud/example_spec.h"
#include "core/error.h"

namespace nadir::cloud {
namespace {

TEST(TrainingRequest, IsTheArticlesRequest) {
  const auto request = training_request(example_spec());
  const auto expected = nlohmann::json::parse(R"json({
    "TrainingJobName": "dino-2026-01-31-12-34-56-789",
    "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
    "AlgorithmSpecification": {
      "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:1",
      "TrainingInputMode": "File",
      "EnableSageMakerMetricsTimeSeries": true,
      "MetricDefinitions": [
        {"Name": "train:loss", "Regex": "loss=([0-9.]+)"
}]
}

,
    "HyperParameters": {"arch": "\"vit_small\"", "epochs": "100"},
    "InputDataConfig": [
      {"ChannelName": "train", "InputMode": "FastFile", "DataSource": {
        "S3DataSource": {"S3DataType": "S3Prefix",
          "S3Uri": "s3://bigearthnet-s2-dataset/data_rgb/",
          "S3DataDistributionType": "FullyReplicated"}}},
      {"ChannelName": "metadata", "InputMode": "File", "DataSource": {
        "S3DataSource": {"S3DataType": "S3Prefix",
          "S3Uri": "s3://bigearthnet-s2-dataset/metadata/",
          "S3DataDistributionType": "FullyReplicated"}}}],
    "OutputDataConfig": {
      "S3OutputPath": "s3://sagemaker-us-east-1-123456789012"},
    "ResourceConfig": {"InstanceType": "ml.p3.16xlarge", "InstanceCount": 1,
      "VolumeSizeInGB": 100},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "CheckpointConfig": {
      "S3Uri": "s3://dino-models/checkpoints/dino-2026-01-31-12-34-56-789",
      "LocalPath": "/opt/ml/checkpoints"},
    "Tags": [{"Key": "nadir:job", "Value": "dino-2026-01-31-12-34-56-789"}]
})json");
  EXPECT_EQ(request, expected) << request.dump(2);
}

TEST(TrainingRequest, HasWhatTheUserAskedFor) {
  JobSpec spec = example_spec();
  auto& place = spec.config.place;
  place.spot = true;
  place.max_run = 3600;
  place.max_retries = 3;
  place.subnets = {"subnet-1", "subnet-2"};
  place.security_groups = {"sg-1"};
  place.network_isolation = true;
  place.encrypt_traffic = true;
  place.volume_kms_key = "disk-key";
  place.output_kms_key = "out-key";
  spec.config.data.compress_output = false;
  spec.environment = {{"NCCL_DEBUG", "INFO"}};
  const auto request = training_request(spec);
  EXPECT_EQ(request["EnableManagedSpotTraining"], true);
  EXPECT_EQ(request["StoppingCondition"]["MaxWaitTimeInSeconds"], 3600);
  EXPECT_EQ(request["RetryStrategy"]["MaximumRetryAttempts"], 3);
  EXPECT_EQ(request["VpcConfig"]["Subnets"].size(), 2);
  EXPECT_EQ(request["VpcConfig"]["SecurityGroupIds"][0], "sg-1");
  EXPECT_EQ(request["EnableNetworkIsolation"], true);
  EXPECT_EQ(request["EnableInterContainerTrafficEncryption"], true);
  EXPECT_EQ(request["ResourceConfig"]["VolumeKmsKeyId"], "disk-key");
  EXPECT_EQ(request["OutputDataConfig"]["KmsKeyId"], "out-key");
  EXPECT_EQ(request["OutputDataConfig"]["CompressionType"], "NONE");
  EXPECT_EQ(request["Environment"]["NCCL_DEBUG"], "INFO");
  place.spot = false;
  place.keep_alive = 600;
  EXPECT_EQ(
      training_request(spec)["ResourceConfig"]["KeepAlivePeriodInSeconds"],
      600);
}

TEST(TransformRequest, PostsTheObjectsOfOneChannelToTheModel) {
  JobSpec spec = example_spec();
  EXPECT_THROW((void)transform_request(spec), Error);
  spec.channels.resize(1);
  spec.model_uri = "s3://b/model.tar.gz";
  const auto model = model_request(spec);
  const auto request = transform_request(spec);
  EXPECT_EQ(model["ModelName"], request["ModelName"]);
  EXPECT_EQ(model["PrimaryContainer"]["ModelDataUrl"], "s3://b/model.tar.gz");
  EXPECT_EQ(
      request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"],
      spec.channels[0].uri);
  EXPECT_EQ(
      request["TransformOutput"]["S3OutputPath"],
      spec.output_uri + "/" + spec.name + "/output");
}

TEST(ProcessingRequest, RunsTheSameContractBelowItsOwnFolder) {
  JobSpec spec = example_spec();
  for (auto& channel : spec.channels) {
    channel.mode = "File";
  }
  const auto request = processing_request(spec);
  EXPECT_EQ(
      request["AppSpecification"]["ContainerEntrypoint"],
      nlohmann::json({"nadir", "train"}));
  EXPECT_EQ(request["Environment"]["SAGEMAKER_BASE_DIR"], "/opt/ml/processing");
  ASSERT_EQ(request["ProcessingInputs"].size(), 3);
  EXPECT_EQ(
      request["ProcessingInputs"][0]["S3Input"]["LocalPath"],
      "/opt/ml/processing/input/data/train");
  EXPECT_EQ(
      request["ProcessingInputs"][2]["S3Input"]["LocalPath"],
      "/opt/ml/processing/input/config");
  const auto files = processing_config(spec);
  ASSERT_EQ(files.size(), 3);
  EXPECT_EQ(files[0].first, "hyperparameters.json");
  EXPECT_EQ(nlohmann::json::parse(files[0].second)["arch"], "\"vit_small\"");
  spec.config.place.instance_count = 2;
  EXPECT_THROW((void)processing_request(spec), Error);
  spec.config.place.instance_count = 1;
  spec.channels[0].mode = "Pipe";
  EXPECT_THROW((void)processing_request(spec), Error);
}

}  // namespace
}  // namespace nadir::cloud
