// What a user says of a job, as flags or a TOML file: where it runs, what goes
// in, where it may write. Free of AWS's own words where ours are shorter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::cloud {

struct PlaceConfig {
  std::string role;
  std::string image;
  std::string instance_type;
  int64_t instance_count = 1;
  int64_t volume_size = 30;
  int64_t max_run = 86400;
  bool spot = false;
  int64_t max_wait = 0;
  int64_t max_retries = 0;
  int64_t keep_alive = 0;
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;
  bool network_isolation = false;
  bool encrypt_traffic = false;
  std::string volume_kms_key;
  std::string output_kms_key;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(role, "role", "The job's role: its name or ARN.");
    visit(image, "image", "nadir's image: ACCOUNT.dkr.ecr.REGION.../NAME:TAG.");
    visit(instance_type, "instance_type", "For instance ml.g5.xlarge.");
    visit(instance_count, "instance_count", "Instances.");
    visit(volume_size, "volume_size", "Disk of each instance, GiB.");
    visit(max_run, "max_run", "Longest run, seconds; then it is stopped.");
    visit(spot, "spot", "Spot instances: cheaper, may be interrupted.");
    visit(
        max_wait,
        "max_wait",
        "With spot: longest run and waiting, seconds; 0 is as max_run.");
    visit(
        max_retries,
        "max_retries",
        "Starts again after a failure of the service's, up to 30 times.");
    visit(
        keep_alive,
        "keep_alive",
        "Warm pool: keeps the instances for the next job, seconds up to 21600. "
        "They cost as if they ran.");
    visit(subnets, "subnets", "VPC: its subnets.");
    visit(security_groups, "security_groups", "VPC: security groups.");
    visit(network_isolation, "network_isolation", "No network in containers.");
    visit(
        encrypt_traffic,
        "encrypt_traffic",
        "Encrypts what instances exchange.");
    visit(volume_kms_key, "volume_kms_key", "KMS key of the disks.");
    visit(output_kms_key, "output_kms_key", "KMS key of the outputs.");
  }
};

struct DataConfig {
  std::string input_mode = "File";
  std::string output_s3;
  std::string checkpoint_s3;
  bool compress_output = true;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        input_mode,
        "input_mode",
        "Of channels without a mode: File, FastFile or Pipe.");
    visit(
        output_s3,
        "output_s3",
        "Outputs go to OUTPUT_S3/JOB/output; default "
        "s3://sagemaker-REGION-ACCOUNT.");
    visit(
        checkpoint_s3,
        "checkpoint_s3",
        "Checkpoints go to CHECKPOINT_S3/JOB; default OUTPUT_S3/JOB/"
        "checkpoints. With resume it is the very prefix to go on from.");
    visit(
        compress_output,
        "compress_output",
        "model.tar.gz instead of a folder.");
  }
};

struct TransformConfig {
  std::string content_type = "image/tiff";
  std::string accept = "application/json";
  std::string split_type = "None";
  std::string batch_strategy = "SingleRecord";
  int64_t max_concurrent = 4;
  int64_t max_payload_mb = 6;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(content_type, "content_type", "Of the objects that go in.");
    visit(accept, "accept", "Of the answers: application/json, text/csv ...");
    visit(split_type, "split_type", "None: an object is a request. Line.");
    visit(batch_strategy, "batch_strategy", "SingleRecord or MultiRecord.");
    visit(max_concurrent, "max_concurrent", "Requests at once per instance.");
    visit(max_payload_mb, "max_payload_mb", "Largest request, MB.");
  }
};

struct JobConfig {
  std::string name;
  std::string job_name;
  std::string from_job;
  bool resume = false;
  PlaceConfig place;
  DataConfig data;
  TransformConfig transform;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(name, "name", "The job's name begins so; default nadir-TASK.");
    visit(job_name, "job_name", "The job's whole name, instead of --name.");
    visit(
        from_job,
        "from_job",
        "Takes this job's checkpoints (pretrain, linear) or model (predict).");
    visit(resume, "resume", "Goes on from what --checkpoint-s3 holds.");
    visit.section("place", place);
    visit.section("data", data);
    visit.section("transform", transform);
  }
};

// Settings that are lists of NAME=VALUE: keys of a TOML file, and flags that
// may stand several times.
struct JobLists {
  std::vector<std::string> input;
  std::vector<std::string> hp;
  std::vector<std::string> tag;
  std::vector<std::string> environment;
  std::vector<std::string> metric;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(input, "input", "NAME[:MODE[:ShardedByS3Key]]=s3://BUCKET/PREFIX.");
    visit(hp, "hp", "NAME=VALUE: a hyperparameter, as the article writes it.");
    visit(tag, "tag", "KEY=VALUE, on all that the job makes.");
    visit(environment, "environment", "NAME=VALUE in the containers.");
    visit(
        metric,
        "metric",
        "NAME=REGEX: one more metric of the console; the regular expression "
        "has "
        "one group.");
  }
};

}  // namespace nadir::cloud
