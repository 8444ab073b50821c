// `nadir job logs` and `attach`: log lines of all hosts.
#include <memory>

#include "cli/commands.h"
#include "cli/job_client.h"
#include "cli/job_watch.h"
#include "cloud/job_wait.h"
#include "core/log.h"

namespace nadir::cli {
namespace {

struct LogsCommand {
  std::string name;
  aws::SessionOptions session;
  PollConfig poll;
  bool follows = false;
  bool from_start = false;
};

void run_follow(const LogsCommand& args, bool fails, bool as_json) {
  const auto poll = args.poll.time();
  const JobClient client(args.session);
  const auto kind = find_job(client, args.name).kind;
  WatchOptions watch;
  watch.poll = poll;
  watch.from_start = args.from_start;
  watch.as_json = as_json;
  const auto state = watch_job(client, kind, args.name, watch);
  if (fails) {
    cloud::check_job_succeeded(state);
  }
}

void run_logs(const LogsCommand& args, bool as_json) {
  if (args.follows) {
    run_follow(args, false, as_json);
    return;
  }
  const JobClient client(args.session);
  const auto state = find_job(client, args.name);
  cloud::LogTail tail(client.logs, state.kind, args.name);
  const auto lines = tail.read();
  print_log_lines(lines, tail.positions().size() > 1, as_json);
  if (lines.empty()) {
    log_info("job", "{} has printed nothing yet ({})", args.name, state.detail);
  }
}

std::shared_ptr<LogsCommand> add_logs_flags(Command command) {
  auto args = std::make_shared<LogsCommand>();  // outlives the parse
  command.add("NAME", args->name, "The job's name.").required();
  add_session_flags(command, args->session);
  (void)command.add_fields(fields_of(args->poll));
  command.add_flag(
      "--from-start",
      args->from_start,
      "With what this host has shown before.");
  return args;
}

}  // namespace

void add_job_logs(Command parent) {
  auto command = parent.add_command("logs", "Show a job's log lines.");
  const auto args = add_logs_flags(command);
  command.add_flag(
      "--follow",
      args->follows,
      "Go on from where this host left off, until the job ends.");
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir job logs nadir-pretrain-2026-01-31-12-34-56-789 --follow");
  command.on_run([args, as_json] { run_logs(*args, *as_json); });
}

void add_job_attach(Command parent) {
  auto command = parent.add_command(
      "attach",
      "Watch a job as submit --wait does: transitions, lines, its end; fails "
      "where\nthe job does.");
  const auto args = add_logs_flags(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir job attach nadir-pretrain-2026-01-31-12-34-56-789");
  command.on_run([args, as_json] { run_follow(*args, true, *as_json); });
}

}  // namespace nadir::cli
