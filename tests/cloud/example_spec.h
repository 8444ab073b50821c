// The article's pretraining job, as the tests take it.
#pragma once

#include "cloud/job_spec.h"

namespace nadir::cloud {

inline JobSpec example_spec() {
  JobSpec spec;
  spec.name = "dino-2026-01-31-12-34-56-789";
  spec.task = "pretrain";
  spec.role_arn = "arn:aws:iam::123456789012:role/SageMakerRole";
  spec.config.place.image =
      "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:1";
  spec.config.place.instance_type = "ml.p3.16xlarge";
  spec.config.place.volume_size = 100;
  spec.output_uri = "s3://sagemaker-us-east-1-123456789012";
  spec.checkpoint_uri = "s3://dino-models/checkpoints/" + spec.name;
  spec.channels = {
      {"train", "s3://bigearthnet-s2-dataset/data_rgb/", "FastFile", false},
      {"metadata", "s3://bigearthnet-s2-dataset/metadata/", "File", false}};
  spec.hyperparameters = {{"arch", "\"vit_small\""}, {"epochs", "100"}};
  spec.tags = {{"nadir:job", spec.name}};
  spec.metrics = {{"train:loss", "loss=([0-9.]+)"}};
  return spec;
}

}  // namespace nadir::cloud
