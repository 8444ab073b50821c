// `nadir job status`, `wait` and `stop`: one job and its end.
#include <chrono>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_client.h"
#include "cli/job_watch.h"
#include "cloud/job_wait.h"
#include "core/log.h"
#include "core/progress.h"

namespace nadir::cli {
namespace {

using nlohmann::json;

struct OneJob {
  std::string name;
  aws::SessionOptions session;
  PollConfig poll;
  bool waits = false;
};

double now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

json status_json(const cloud::JobState& state) {
  json transitions = json::array();
  for (const auto& one : state.transitions) {
    transitions.push_back(
        {{"status", one.status},
         {"message", one.message},
         {"start_s", one.start_s}});
  }
  json metrics = json::object();
  for (const auto& [name, value] : state.final_metrics) {
    metrics[name] = value;
  }
  return {
      {"name", state.name},
      {"kind", cloud::kind_name(state.kind)},
      {"status", state.status},
      {"detail", state.detail},
      {"failure_reason", state.failure_reason},
      {"created_s", state.created_s},
      {"running_s", state.running_s(now_s())},
      {"billable_s", state.billable_s},
      {"instance_type", state.instance_type},
      {"instance_count", state.instance_count},
      {"model", state.model_uri},
      {"output", state.output_uri},
      {"checkpoints", state.checkpoint_uri},
      {"final_metrics", metrics},
      {"transitions", transitions}};
}

void print_row(const char* name, const std::string& value) {
  if (!value.empty()) {
    std::printf("%-12s %s\n", name, value.c_str());
  }
}

void print_status(const cloud::JobState& state) {
  print_row("job", state.name + " (" + cloud::kind_name(state.kind) + ")");
  print_row(
      "status",
      state.status == state.detail ? state.status
                                   : state.status + ", " + state.detail);
  if (!state.failure_reason.empty()) {
    print_row("reason", state.failure_reason);
    print_row(
        "what to do",
        cloud::advice_on_failure(state.failure_reason, state.name));
  }
  print_row("created", time_text(state.created_s));
  print_row("running", format_duration(state.running_s(now_s())));
  if (state.billable_s >= 0) {
    print_row("billed", format_duration(static_cast<double>(state.billable_s)));
  }
  print_row(
      "instances",
      fmt::format(
          "{} x {}{}",
          state.instance_count,
          state.instance_type,
          state.is_spot ? ", spot" : ""));
  print_row("image", state.image);
  print_row("model", state.model_uri);
  print_row("output", state.output_uri);
  print_row("checkpoints", state.checkpoint_uri);
  for (const auto& one : state.transitions) {
    print_row(
        "", time_text(one.start_s) + "  " + one.status + "  " + one.message);
  }
}

void run_status(const OneJob& args, bool as_json) {
  const JobClient client(args.session);
  const auto state = find_job(client, args.name);
  if (as_json) {
    print_json(status_json(state));
  } else {
    print_status(state);
  }
}

void watch_to_end(const OneJob& args, const JobClient& client) {
  WatchOptions watch;
  watch.poll = args.poll.time();
  watch.shows_logs = false;
  const auto kind = find_job(client, args.name).kind;
  const auto state = watch_job(client, kind, args.name, watch);
  cloud::check_job_succeeded(state);
  std::printf("%s %s\n", state.name.c_str(), state.status.c_str());
}

void run_stop(const OneJob& args) {
  const JobClient client(args.session);
  const auto state = find_job(client, args.name);
  if (state.is_final()) {
    log_info("job", "{} has ended already: {}", args.name, state.status);
  } else if (state.status != "Stopping") {
    const std::string key = cloud::api_name(state.kind) + "Job";
    (void)client.sagemaker("Stop" + key, {{key + "Name", args.name}});
    log_info(
        "job",
        "{} is told to stop; it may take 2 minutes to save its work",
        args.name);
  }
  if (args.waits) {
    watch_to_end(args, client);
  }
}

std::shared_ptr<OneJob> add_one_job(Command command) {
  auto args = std::make_shared<OneJob>();  // outlives the parse
  command.add("NAME", args->name, "The job's name.").required();
  add_session_flags(command, args->session);
  return args;
}

}  // namespace

void add_job_status(Command parent) {
  auto command = parent.add_command("status", "Show a job as it is.");
  const auto args = add_one_job(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir job status nadir-pretrain-2026-01-31-12-34-56-789");
  command.on_run([args, as_json] { run_status(*args, *as_json); });
}

void add_job_wait(Command parent) {
  auto command = parent.add_command(
      "wait", "Wait for a job's end; fails where the job does.");
  const auto args = add_one_job(command);
  (void)command.add_fields(fields_of(args->poll));
  command.set_example("nadir job wait nadir-pretrain-2026-01-31-12-34-56-789");
  command.on_run([args] { watch_to_end(*args, JobClient(args->session)); });
}

void add_job_stop(Command parent) {
  auto command = parent.add_command(
      "stop", "Stop a job; it saves a checkpoint and its model first.");
  const auto args = add_one_job(command);
  command.add_flag("--wait", args->waits, "Wait for its end.");
  (void)command.add_fields(fields_of(args->poll));
  command.set_example(
      "nadir job stop nadir-pretrain-2026-01-31-12-34-56-789 --wait");
  command.on_run([args] { run_stop(*args); });
}

}  // namespace nadir::cli
