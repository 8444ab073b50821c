#include "cli/job_plan.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "aws/query_service.h"
#include "aws/service_error.h"
#include "cloud/job_name.h"
#include "cloud/requests.h"
#include "container/metric_lines.h"
#include "core/error.h"
#include "core/log.h"
#include "store/location.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kUnknownAccount[] = "000000000000";
constexpr char kCheckpointChannel[] = "dino_checkpoint";

// What a job of another's checkpoints or model needs of that one.
struct Source {
  std::string checkpoint_uri;
  std::string model_uri;
};

std::string without_slash(std::string uri) {
  while (uri.ends_with('/')) {
    uri.pop_back();
  }
  return uri;
}

void add_hyperparameters(const JobOptions& options, cloud::JobSpec& spec) {
  std::vector<std::string> words = options.lists.hp;
  for (const auto& [name, value] : cloud::parse_flag_words(options.words)) {
    words.push_back(name + "=" + value);
  }
  cloud::Pairs pairs;
  for (auto [name, value] : cloud::parse_pairs(words, "--hp")) {
    std::replace(name.begin(), name.end(), '-', '_');
    for (const auto& [other, other_value] : pairs) {
      NADIR_CHECK(
          other != name, "--hp {} is there twice, with - and with _", name);
    }
    pairs.emplace_back(name, value);
  }
  cloud::check_hyperparameters(
      pairs, options.known, command_of_task(options.task));
  spec.hyperparameters = {{"nadir_command", options.task}};
  for (const auto& [name, value] : pairs) {
    NADIR_CHECK(
        name != "nadir_command" || value == options.task,
        "--hp nadir_command={} contradicts nadir job submit {}",
        value,
        options.task);
    if (name != "nadir_command") {
      spec.hyperparameters.emplace_back(name, value);
    }
  }
  for (auto& [name, value] : spec.hyperparameters) {
    value = cloud::encode_hyperparameter(value);
  }
}

JobPlan plan_common(const JobOptions& options) {
  JobPlan plan;
  plan.kind = cloud::parse_kind(options.as);
  auto& spec = plan.spec;
  spec.config = options.config;
  spec.task = options.task;
  if (options.config.job_name.empty()) {
    const std::string& base = options.config.name;
    spec.name = cloud::make_job_name(
        base.empty() ? "nadir-" + options.task : base,
        std::chrono::system_clock::now());
  } else {
    NADIR_CHECK(
        options.config.name.empty(),
        "--name and --job-name exclude each other");
    cloud::check_job_name(options.config.job_name, "--job-name");
    spec.name = options.config.job_name;
  }
  add_hyperparameters(options, spec);
  spec.channels = cloud::parse_channels(
      options.lists.input, options.config.data.input_mode);
  spec.tags = {{"nadir:job", spec.name}, {"nadir:task", spec.task}};
  for (const auto& tag : cloud::parse_pairs(options.lists.tag, "--tag")) {
    NADIR_CHECK(
        !tag.first.starts_with("nadir:"),
        "--tag {}: tags of nadir: say what nadir made",
        tag.first);
    spec.tags.push_back(tag);
  }
  spec.environment =
      cloud::parse_pairs(options.lists.environment, "--environment");
  spec.metrics = printed_metrics();
  for (const auto& [name, regex] :
       cloud::parse_pairs(options.lists.metric, "--metric")) {
    spec.metrics.push_back({name, regex});
  }
  return plan;
}

void add_source(
    const JobOptions& options, const Source& source, JobPlan& plan) {
  const std::string& job = options.config.from_job;
  auto& spec = plan.spec;
  if (plan.kind == cloud::JobKind::kTransform) {
    NADIR_CHECK(
        source.model_uri.ends_with(".tar.gz"),
        "--from-job {}: a transform job needs its model.tar.gz, and it has {}",
        job,
        source.model_uri.empty() ? "none yet" : source.model_uri);
    spec.model_uri = source.model_uri;
    return;
  }
  NADIR_CHECK(
      options.task != "pack", "--from-job {}: packing takes no weights", job);
  const bool takes_model =
      options.task == "predict" || source.checkpoint_uri.empty();
  const std::string uri =
      takes_model ? source.model_uri : source.checkpoint_uri;
  NADIR_CHECK(
      !uri.empty(),
      "--from-job {} has no {} yet; wait for it: nadir job wait {}",
      job,
      takes_model ? "model" : "checkpoints",
      job);
  spec.channels.push_back({kCheckpointChannel, uri, "File", false});
  if (options.task == "pretrain") {  // the others look there by themselves
    spec.hyperparameters.emplace_back(
        "init_weights",
        cloud::encode_hyperparameter(
            std::string("/opt/ml/input/data/") + kCheckpointChannel));
  }
}

Source source_online(const JobOptions& options, const JobClient& client) {
  const std::string& name = options.config.from_job;
  const auto state = find_job(client, name);
  NADIR_CHECK(
      state.kind == cloud::JobKind::kTraining,
      "--from-job {} is a {} job, which makes no weights",
      name,
      cloud::kind_name(state.kind));
  NADIR_CHECK(
      state.is_final(),
      "--from-job {} is still running ({}); wait for it: nadir job wait {}",
      name,
      state.detail,
      name);
  if (state.status != "Completed") {
    log_warning(
        "job",
        "{} ended as {}; its last checkpoint is taken",
        name,
        state.status);
  }
  return {
      state.checkpoint_uri.empty() ? ""
                                   : without_slash(state.checkpoint_uri) + "/",
      state.model_uri};
}

// As this host recorded it; the model lies where SageMaker would put it.
Source source_offline(const JobOptions& options) {
  const std::string& name = options.config.from_job;
  const auto record = job_records().read(name);
  NADIR_CHECK(
      record.has_value(),
      "--from-job {} was not submitted from this host, so --dry-run cannot "
      "tell "
      "where its checkpoints are",
      name);
  return {
      record->checkpoint_uri.empty() ? "" : record->checkpoint_uri + "/",
      record->output_uri + "/" + name + "/output/model.tar.gz"};
}

void add_checkpoints(const JobOptions& options, JobPlan& plan) {
  const auto& config = options.config;
  const std::string given = without_slash(config.data.checkpoint_s3);
  NADIR_CHECK(
      !config.resume || !given.empty() || options.local,
      "--resume goes on from checkpoints: name their prefix with "
      "--checkpoint-s3");
  if (plan.kind != cloud::JobKind::kTraining) {
    NADIR_CHECK(
        given.empty(),
        "--checkpoint-s3 {} is of training jobs, and this is a {} job",
        given,
        cloud::kind_name(plan.kind));
    return;
  }
  auto& spec = plan.spec;
  if (given.empty()) {
    spec.checkpoint_uri = spec.output_uri + "/" + spec.name + "/checkpoints";
  } else {
    spec.checkpoint_uri = config.resume ? given : given + "/" + spec.name;
  }
}

void finish(const JobOptions& options, JobPlan& plan) {
  add_checkpoints(options, plan);
  NADIR_CHECK(
      !plan.spec.channels.empty(),
      "--input is missing: name the images, for instance --input "
      "train=s3://BUCKET/data_rgb/");
  NADIR_CHECK(
      plan.kind != cloud::JobKind::kTransform || !plan.spec.model_uri.empty(),
      "--as transform needs --from-job, whose model it serves");
  cloud::check_spec(plan.spec);
}

// A whole prefix as a folder, so that JOB-2 is not below JOB.
store::Location folder_of(const std::string& uri) {
  return store::parse_location(uri).as_folder();
}

void check_is_new(
    const store::S3& s3, const store::Location& folder, const char* what) {
  NADIR_CHECK(
      !s3.has_any(folder),
      "{} {} holds objects already; take another --job-name or prefix{}",
      what,
      folder.text(),
      std::string(what) == "the checkpoints' prefix"
          ? ", or go on from them with --resume"
          : "");
}

// A stream runs objects into each other. An empty one is a folder's mark.
void check_one_object(const store::S3& s3, const cloud::Channel& channel) {
  int64_t num_objects = 0;
  s3.list(
      store::parse_location(channel.uri), [&](const store::ObjectInfo& object) {
        num_objects += object.num_bytes > 0 ? 1 : 0;
      });
  NADIR_CHECK(
      num_objects == 1,
      "--input {}: a channel in Pipe mode is one object, an archive or an "
      "index, and {} is where {} begin; name one, or take FastFile",
      channel.name,
      channel.uri,
      num_objects);
}

void check_channel(const store::S3& s3, const cloud::Channel& channel) {
  try {
    NADIR_CHECK(
        s3.has_any(store::parse_location(channel.uri)),
        "--input {}: nothing lies below {}",
        channel.name,
        channel.uri);
    if (channel.mode == "Pipe") {
      check_one_object(s3, channel);
    }
  } catch (const aws::ServiceError& error) {
    if (error.http_status() != 403) {
      throw;
    }
    // The job's role may read what this user may not.
    log_warning(
        "job",
        "--input {} cannot be looked at: {}",
        channel.name,
        error.what());
  }
}

}  // namespace

std::vector<cloud::MetricDefinition> printed_metrics() {
  std::vector<cloud::MetricDefinition> metrics;
  for (auto& [name, regex] : container::metric_definitions()) {
    metrics.push_back({std::move(name), std::move(regex)});
  }
  return metrics;
}

JobPlan plan_offline(const JobOptions& options) {
  JobPlan plan = plan_common(options);
  auto& spec = plan.spec;
  const std::string& role = options.config.place.role;
  NADIR_CHECK(!role.empty(), "--role is missing: the job's role, name or ARN");
  spec.role_arn =
      role.find("arn:") == 0
          ? role
          : fmt::format("arn:aws:iam::{}:role/{}", kUnknownAccount, role);
  spec.output_uri = without_slash(options.config.data.output_s3);
  if (spec.output_uri.empty()) {
    spec.output_uri = fmt::format(
        "s3://sagemaker-{}-{}",
        options.session.region.empty() ? "region" : options.session.region,
        kUnknownAccount);
  }
  if (spec.role_arn.find(kUnknownAccount) != std::string::npos ||
      spec.output_uri.find(kUnknownAccount) != std::string::npos) {
    log_info(
        "job",
        "the account, {} below, is asked for when the job is submitted",
        kUnknownAccount);
  }
  if (!options.config.from_job.empty()) {
    add_source(options, source_offline(options), plan);
  }
  finish(options, plan);
  return plan;
}

JobPlan plan_online(const JobOptions& options, const JobClient& client) {
  JobPlan plan = plan_common(options);
  auto& spec = plan.spec;
  NADIR_CHECK(
      !options.config.place.role.empty(),
      "--role is missing: the job's role, name or ARN");
  spec.role_arn = aws::role_arn(*client.session, options.config.place.role);
  spec.output_uri = without_slash(options.config.data.output_s3);
  if (spec.output_uri.empty()) {
    spec.output_uri = fmt::format(
        "s3://sagemaker-{}-{}",
        client.session->region(),
        aws::caller_account(*client.session));
  }
  if (!options.config.from_job.empty()) {
    add_source(options, source_online(options, client), plan);
  }
  finish(options, plan);
  return plan;
}

JobPlan plan_local(const JobOptions& options) {
  JobPlan plan = plan_common(options);
  NADIR_CHECK(
      plan.kind != cloud::JobKind::kTransform,
      "--local runs the container's `train`; try a transform job with nadir "
      "serve, or --as processing");
  NADIR_CHECK(
      options.config.place.instance_count == 1,
      "--local is one instance, got --instance-count {}; nadir launch starts "
      "several processes",
      options.config.place.instance_count);
  if (plan.kind == cloud::JobKind::kProcessing) {
    cloud::check_processing(plan.spec);
  }
  const std::string& from = options.config.from_job;
  if (!from.empty()) {
    const fs::path folder = fs::path(options.local_dir) / from;
    NADIR_CHECK(
        fs::exists(folder),
        "--from-job {}: there is no {}; with --local it names a job of "
        "--local-dir",
        from,
        folder.string());
    const fs::path model = folder / "output" / "model.tar.gz";
    add_source(
        options,
        {(folder / "checkpoints").string(),
         fs::exists(model) ? model.string() : ""},
        plan);
  }
  NADIR_CHECK(
      !plan.spec.channels.empty(),
      "--input is missing: name the images, for instance --input "
      "train=data_rgb");
  return plan;
}

void check_places(
    const JobOptions& options, const JobPlan& plan, const store::S3& s3) {
  const auto& spec = plan.spec;
  for (const auto& channel : spec.channels) {
    check_channel(s3, channel);
  }
  const auto output = folder_of(spec.output_uri).below(spec.name + "/");
  if (!options.config.resume) {
    check_is_new(s3, output, "the outputs' prefix");
  }
  if (spec.checkpoint_uri.empty()) {
    return;
  }
  const auto checkpoints = folder_of(spec.checkpoint_uri);
  if (!options.config.resume) {
    check_is_new(s3, checkpoints, "the checkpoints' prefix");
  } else {
    NADIR_CHECK(
        s3.has_any(checkpoints),
        "--resume: nothing lies below {}",
        checkpoints.text());
  }
}

}  // namespace nadir::cli
