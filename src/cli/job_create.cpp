#include "cli/job_create.h"

#include <nlohmann/json.hpp>

#include "cloud/job_wait.h"
#include "cloud/requests.h"
#include "core/log.h"
#include "store/location.h"

namespace nadir::cli {
namespace {

using cloud::JobKind;

// Removes what was made, unless the job is there in the end.
class Undo {
 public:
  Undo() = default;

  ~Undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      try {
        (*step)();
      } catch (const std::exception& error) {
        log_warning("job", "cannot be undone: {}", error.what());
      }
    }
  }

  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }

  void keep() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

void upload_processing_config(
    const JobPlan& plan, const JobClient& client, Undo& undo) {
  const auto folder =
      store::parse_location(cloud::processing_config_uri(plan.spec));
  const store::S3& s3 = client.s3;
  for (const auto& [name, text] : cloud::processing_config(plan.spec)) {
    const auto location = folder.below(name);
    s3.put(location, text);
    undo.add([&s3, location] { s3.remove(location.bucket, {location.key}); });
  }
}

void write_record(const JobPlan& plan, const JobClient& client, Undo& undo) {
  const auto& records = client.records;
  const auto old = records.read(plan.spec.name);
  records.write(record_of(plan, client.session->region()));
  undo.add([&records, old, name = plan.spec.name] {
    if (old) {
      records.write(*old);  // of the job that has this name
    } else {
      records.remove(name);
    }
  });
}

}  // namespace

nlohmann::ordered_json requests_of(const JobPlan& plan) {
  nlohmann::ordered_json requests;
  switch (plan.kind) {
    case JobKind::kTraining:
      requests["CreateTrainingJob"] = cloud::training_request(plan.spec);
      break;
    case JobKind::kProcessing:
      requests["CreateProcessingJob"] = cloud::processing_request(plan.spec);
      break;
    case JobKind::kTransform:
      requests["CreateModel"] = cloud::model_request(plan.spec);
      requests["CreateTransformJob"] = cloud::transform_request(plan.spec);
      break;
  }
  return requests;
}

cloud::JobRecord record_of(const JobPlan& plan, const std::string& region) {
  const auto& spec = plan.spec;
  cloud::JobRecord record;
  record.name = spec.name;
  record.task = spec.task;
  record.kind = plan.kind;
  record.region = region;
  record.output_uri = spec.output_uri;
  record.checkpoint_uri = spec.checkpoint_uri;
  if (plan.kind == JobKind::kTransform) {
    record.model_name = spec.name;
  }
  const std::string root = spec.output_uri + "/" + spec.name + "/";
  record.prefixes.push_back(root);
  // With --resume the checkpoints were there before.
  if (!spec.checkpoint_uri.empty() && !spec.config.resume &&
      !spec.checkpoint_uri.starts_with(root)) {
    record.prefixes.push_back(spec.checkpoint_uri + "/");
  }
  return record;
}

std::string create_job(const JobPlan& plan, const JobClient& client) {
  const auto requests = requests_of(plan);
  Undo undo;
  std::string arn;
  // The record comes first: a job that no one knows of cannot be cleaned up.
  write_record(plan, client, undo);
  try {
    if (plan.kind == JobKind::kProcessing) {
      upload_processing_config(plan, client, undo);
    }
    for (const auto& [operation, request] : requests.items()) {
      const auto answer = client.sagemaker(operation, request);
      if (operation == "CreateModel") {
        undo.add([&client, &plan] {
          (void)client.sagemaker(
              "DeleteModel", {{"ModelName", plan.spec.name}});
        });
      }
      arn = answer.value(cloud::api_name(plan.kind) + "JobArn", "");
    }
  } catch (const Error&) {
    cloud::rethrow_with_advice();
  }
  undo.keep();
  return arn;
}

}  // namespace nadir::cli
