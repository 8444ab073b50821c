#include "cli/job_local.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cloud/job_wait.h"
#include "cloud/local_job.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/signals.h"
#include "store/download.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

// The channel's objects as files, as the platform's mode File has them.
void fetch_channel(
    const JobOptions& options,
    const fs::path& folder,
    cloud::Channel& channel) {
  const JobClient client(options.session);
  const auto source = store::parse_location(channel.uri);
  std::vector<store::Download> files;
  if (const auto object = client.s3.find(source)) {
    files = {{source, *object, folder / source.name()}};
  } else {
    files = store::objects_below(client.s3, source, folder);
  }
  Progress progress(
      "fetching " + channel.name, store::total_bytes(files), "bytes");
  store::download_objects(client.s3, files, {}, &progress);
  channel.uri = folder.string();
}

void check_folder(const JobOptions& options, const fs::path& folder) {
  const bool is_there = fs::exists(folder) && !fs::is_empty(folder);
  NADIR_CHECK(
      !is_there || options.config.resume,
      "{} holds a job already; take another --job-name, or go on from its "
      "checkpoints with --resume",
      folder.string());
  NADIR_CHECK(
      is_there || !options.config.resume,
      "--resume: there is no job in {}; name it with --job-name",
      folder.string());
}

}  // namespace

void run_job_here(const JobOptions& options, const JobPlan& plan) {
  cloud::LocalJob job;
  job.spec = plan.spec;
  job.folder = fs::path(options.local_dir) / plan.spec.name;
  check_folder(options, job.folder);
  job.command = {fs::read_symlink("/proc/self/exe").string(), "train"};
  job.on_line = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  const TemporaryFolder fetched;
  for (auto& channel : job.spec.channels) {
    if (store::is_remote(channel.uri)) {
      fetch_channel(options, fetched.path() / channel.name, channel);
    }
  }
  const auto result = cloud::run_local_job(job);
  if (!result.failure_reason.empty()) {
    log_error(
        "job",
        "the job {} failed: {}; its log: {}",
        plan.spec.name,
        result.failure_reason,
        (job.folder / "logs" / "algo-1.log").string());
    std::exit(result.status);
  }
  log_info(
      "job",
      "{}: {}, outputs in {}",
      plan.spec.name,
      caught_signal() == 0 ? "Completed" : "Stopped",
      job.folder.string());
}

}  // namespace nadir::cli
