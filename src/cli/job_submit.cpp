// `nadir job submit`: pretraining, a linear probe, predictions or a packing as
// a job of SageMaker's, or by the same contract on this host.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_create.h"
#include "cli/job_local.h"
#include "cli/job_plan.h"
#include "cli/job_settings.h"
#include "cli/job_watch.h"
#include "cloud/job_wait.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::cli {
namespace {

struct Task {
  const char* name;
  const char* help;
  std::vector<std::string> kinds;  // the first is the default
  const char* example;
};

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = {
      {"pretrain",
       "Pretrain (nadir pretrain).",
       {"training"},
       "nadir job submit pretrain --role SageMakerRole --image $IMAGE \\\n"
       "      --instance-type ml.g5.12xlarge --spot --max-run 86400 \\\n"
       "      --input train=s3://bigearthnet-s2-dataset/data_rgb/ \\\n"
       "      --input metadata=s3://bigearthnet-s2-dataset/metadata/ \\\n"
       "      -- --arch vit_small --epochs 100"},
      {"linear",
       "Train a linear probe (nadir eval linear).",
       {"training"},
       "nadir job submit linear --from-job nadir-pretrain-2026-01-31-12-34-"
       "56-789 \\\n"
       "      --config job.toml -- --epochs 50"},
      {"predict",
       "Predict labels (nadir predict).",
       {"processing", "transform", "training"},
       "nadir job submit predict --as transform --from-job "
       "nadir-linear-... \\\n"
       "      --config job.toml --input data=s3://bucket/images/"},
      {"pack",
       "Pack imagery (nadir data pack).",
       {"processing", "training"},
       "nadir job submit pack --config job.toml --input "
       "train=s3://bucket/archive/"},
  };
  return all;
}

void print_submitted(
    const JobPlan& plan, const std::string& arn, bool as_json) {
  const std::string& name = plan.spec.name;
  if (as_json) {
    print_json(
        {{"name", name},
         {"arn", arn},
         {"kind", cloud::kind_name(plan.kind)},
         {"output", plan.spec.output_uri + "/" + name + "/"},
         {"checkpoints", plan.spec.checkpoint_uri}});
    return;
  }
  std::printf("%s\n", name.c_str());
  std::fflush(stdout);
  log_info("job", "submitted; watch it with: nadir job attach {}", name);
}

void run_submit(JobOptions& options, const FlagTexts& texts, bool as_json) {
  resolve_settings(options, texts);
  const auto poll = options.poll.time();
  if (options.local) {
    run_job_here(options, plan_local(options));
    return;
  }
  if (options.dry_run) {
    const std::string text = json_text(requests_of(plan_offline(options)), 2);
    std::printf("%s\n", text.c_str());
    return;
  }
  const JobClient client(options.session);
  const JobPlan plan = plan_online(options, client);
  check_places(options, plan, client.s3);
  const std::string arn = create_job(plan, client);
  print_submitted(plan, arn, as_json);
  if (options.waits) {
    WatchOptions watch;
    watch.poll = poll;
    cloud::check_job_succeeded(
        watch_job(client, plan.kind, plan.spec.name, watch));
  }
}

void add_task(Command group, const Task& task) {
  auto command = group.add_command(task.name, task.help);
  auto options = std::make_shared<JobOptions>();  // outlives the parse
  options->task = task.name;
  options->as = task.kinds.front();
  if (task.kinds.size() > 1) {
    command
        .add(
            "--as",
            options->as,
            "Kind of job. transform: objects are posted to nadir serve.")
        .one_of(task.kinds);
  }
  const auto texts = add_job_settings(command, options);
  const auto as_json = command.add_json_flag();
  command.set_example(task.example);
  command.on_run([options, texts, as_json, command] {
    options->known = hyperparameters_of_task(command.root(), options->task);
    run_submit(*options, texts, *as_json);
  });
}

}  // namespace

void add_job_submit(Command parent) {
  const auto group = parent.add_group(
      "submit",
      "Submit a job to SageMaker; --local runs it here by the same contract.");
  for (const auto& task : tasks()) {
    add_task(group, task);
  }
}

}  // namespace nadir::cli
