// `nadir job clean`: removes what a job made and nothing else, after showing it
// and asking.
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "aws/service_error.h"
#include "cli/commands.h"
#include "cli/job_client.h"
#include "cloud/log_tail.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "store/location.h"

namespace nadir::cli {
namespace {

using nlohmann::json;

struct CleanCommand {
  std::string name;
  bool yes = false;
  bool dry_run = false;
  bool keeps_outputs = false;
  aws::SessionOptions session;
};

struct Prefix {
  store::Location location;
  std::vector<std::string> keys;
  double num_bytes = 0;
};

// What is there of what the job made.
struct Remains {
  std::optional<std::string> model;
  std::vector<std::string> log_streams;
  std::vector<Prefix> prefixes;

  [[nodiscard]] bool empty() const {
    return !model && log_streams.empty() && prefixes.empty();
  }
};

// The tags of nadir's on a resource that nadir made for the job.
bool is_tagged(
    const JobClient& client, const std::string& arn, const std::string& job) {
  const json answer = client.sagemaker("ListTags", {{"ResourceArn", arn}});
  for (const auto& tag : answer.value("Tags", json::array())) {
    if (tag.value("Key", "") == "nadir:job" && tag.value("Value", "") == job) {
      return true;
    }
  }
  return false;
}

// A record from SageMaker's description, for jobs of other hosts. The
// checkpoints are the job's own only where their prefix ends with its name.
cloud::JobRecord record_from(const cloud::JobState& state) {
  cloud::JobRecord record;
  record.name = state.name;
  record.kind = state.kind;
  record.model_name =
      state.kind == cloud::JobKind::kTransform ? state.model_name : "";
  const std::string suffix = "/" + state.name + "/output";
  if (state.output_uri.ends_with(suffix)) {
    record.prefixes.push_back(
        state.output_uri.substr(0, state.output_uri.size() - 6));
  }
  if (state.checkpoint_uri.ends_with("/" + state.name)) {
    record.prefixes.push_back(state.checkpoint_uri + "/");
  }
  return record;
}

cloud::JobRecord record_to_clean(
    const CleanCommand& args, const JobClient& client) {
  const auto state = find_job(client, args.name);
  NADIR_CHECK(
      state.is_final(),
      "the job {} is still running ({}); stop it first: nadir job stop {} "
      "--wait",
      args.name,
      state.detail,
      args.name);
  if (const auto record = client.records.read(args.name)) {
    return *record;
  }
  NADIR_CHECK(
      is_tagged(client, state.arn, args.name),
      "the job {} was not submitted by nadir job submit: it has no tag "
      "nadir:job, so nothing of it is touched",
      args.name);
  return record_from(state);
}

void find_model(
    const JobClient& client, const cloud::JobRecord& record, Remains& remains) {
  if (record.model_name.empty()) {
    return;
  }
  try {
    const json model =
        client.sagemaker("DescribeModel", {{"ModelName", record.model_name}});
    if (is_tagged(client, model.value("ModelArn", ""), record.name)) {
      remains.model = record.model_name;
    }
  } catch (const aws::ServiceError& error) {
    if (error.service_code() != "ValidationException") {
      throw;
    }
  }
}

Remains find_remains(
    const CleanCommand& args,
    const JobClient& client,
    const cloud::JobRecord& record) {
  Remains remains;
  find_model(client, record, remains);
  remains.log_streams =
      cloud::LogTail(client.logs, record.kind, record.name).streams();
  for (const auto& uri : record.prefixes) {
    if (args.keeps_outputs) {
      continue;
    }
    Prefix prefix{store::parse_location(uri).as_folder(), {}, 0};
    // A folder named as the job, never a bucket as a whole.
    NADIR_CHECK(
        ("/" + prefix.location.key).find("/" + record.name + "/") !=
            std::string::npos,
        "{} does not hold the job's name and is not touched; its record is "
        "wrong",
        uri);
    client.s3.list(prefix.location, [&](const store::ObjectInfo& object) {
      prefix.keys.push_back(object.key);
      prefix.num_bytes += static_cast<double>(object.num_bytes);
    });
    if (!prefix.keys.empty()) {
      remains.prefixes.push_back(std::move(prefix));
    }
  }
  return remains;
}

void print_remains(const Remains& remains) {
  if (remains.model) {
    std::printf("model        %s\n", remains.model->c_str());
  }
  for (const auto& stream : remains.log_streams) {
    std::printf("log stream   %s\n", stream.c_str());
  }
  for (const auto& prefix : remains.prefixes) {
    std::printf(
        "objects      %s  %zu, %s\n",
        prefix.location.text().c_str(),
        prefix.keys.size(),
        format_bytes(prefix.num_bytes).c_str());
  }
  std::fflush(stdout);
}

void ask(const CleanCommand& args) {
  if (args.yes) {
    return;
  }
  NADIR_CHECK(
      ::isatty(STDIN_FILENO) == 1,
      "nothing is removed without a yes: call it on a terminal, or with --yes");
  std::fprintf(stderr, "remove all of it? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  NADIR_CHECK(
      answer == "y" || answer == "yes", "nothing is removed, as you wish");
}

void remove(
    const JobClient& client,
    const cloud::JobRecord& record,
    const Remains& remains) {
  if (remains.model) {
    (void)client.sagemaker("DeleteModel", {{"ModelName", *remains.model}});
  }
  for (const auto& prefix : remains.prefixes) {
    client.s3.remove(prefix.location.bucket, prefix.keys);
  }
  for (const auto& stream : remains.log_streams) {
    (void)client.logs(
        "DeleteLogStream",
        {{"logGroupName", cloud::log_group(record.kind)},
         {"logStreamName", stream}});
  }
  client.records.remove(record.name);
}

void run_clean(const CleanCommand& args) {
  const JobClient client(args.session);
  const auto record = record_to_clean(args, client);
  const Remains remains = find_remains(args, client, record);
  if (remains.empty()) {
    client.records.remove(record.name);
    std::printf("nothing of %s is left\n", args.name.c_str());
    return;
  }
  print_remains(remains);
  if (args.dry_run) {
    return;
  }
  ask(args);
  remove(client, record, remains);
  log_info(
      "job",
      "removed; SageMaker keeps the entry of the job itself, which costs "
      "nothing");
}

}  // namespace

void add_job_clean(Command parent) {
  auto command = parent.add_command(
      "clean",
      "Remove what a job made: models, log streams, outputs, checkpoints. "
      "Shows it\nand asks; touches nothing that the job did not make.");
  auto args = std::make_shared<CleanCommand>();  // outlives the parse
  command.add("NAME", args->name, "The job's name.").required();
  command.add_flag("--yes", args->yes, "Do not ask.");
  command.add_flag("--dry-run", args->dry_run, "Only show it.");
  command.add_flag(
      "--keep-outputs", args->keeps_outputs, "Leave outputs and checkpoints.");
  add_session_flags(command, args->session);
  command.set_example("nadir job clean nadir-pretrain-2026-01-31-12-34-56-789");
  command.on_run([args] { run_clean(*args); });
}

}  // namespace nadir::cli
