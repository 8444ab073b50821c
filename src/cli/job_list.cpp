// `nadir job list`: the account's newest jobs.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_client.h"
#include "core/progress.h"
#include "core/text_table.h"

namespace nadir::cli {
namespace {

struct ListCommand {
  aws::SessionOptions session;
  std::string kind = "all";
  std::string contains;
  std::string status;
  int64_t limit = 20;
};

std::vector<cloud::JobSummary> find_jobs(const ListCommand& args) {
  cloud::ListQuery query;
  if (args.kind == "all") {
    query.kinds.assign(
        std::begin(cloud::kAllKinds), std::end(cloud::kAllKinds));
  } else {
    query.kinds = {cloud::parse_kind(args.kind)};
  }
  query.name_contains = args.contains;
  query.status = args.status;
  query.limit = args.limit;
  return cloud::list_jobs(JobClient(args.session).sagemaker, query);
}

void run_list(const ListCommand& args, bool as_json) {
  const auto jobs = find_jobs(args);
  if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& job : jobs) {
      all.push_back(
          {{"name", job.name},
           {"kind", cloud::kind_name(job.kind)},
           {"status", job.status},
           {"detail", job.detail},
           {"created_s", job.created_s},
           {"ended_s", job.ended_s}});
    }
    print_json({{"jobs", all}});
    return;
  }
  if (jobs.empty()) {
    std::printf("no jobs\n");
    return;
  }
  TextTable table({"job", "kind", "status", "created", "took"});
  for (const auto& job : jobs) {
    table.add_row(
        {job.name,
         cloud::kind_name(job.kind),
         job.detail.empty() || job.detail == job.status
             ? job.status
             : job.status + ", " + job.detail,
         time_text(job.created_s),
         job.ended_s > 0 ? format_duration(job.ended_s - job.created_s) : "-"});
  }
  std::printf("%s", table.text().c_str());
}

}  // namespace

void add_job_list(Command parent) {
  auto command = parent.add_command("list", "List the account's newest jobs.");
  auto args = std::make_shared<ListCommand>();  // outlives the parse
  add_session_flags(command, args->session);
  command.add("--kind", args->kind, "Kind of jobs.")
      .one_of({"all", "training", "processing", "transform"});
  command.add("--contains", args->contains, "A part of their names.");
  command.add("--status", args->status, "Their status.")
      .one_of({"InProgress", "Completed", "Failed", "Stopping", "Stopped"});
  command.add("--limit", args->limit, "At most so many.").at_least(1);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir job list --status InProgress");
  command.on_run([args, as_json] { run_list(*args, *as_json); });
}

}  // namespace nadir::cli
