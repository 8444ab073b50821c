// `nadir job download`: what a job made, into a folder.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_client.h"
#include "core/error.h"
#include "core/progress.h"
#include "store/download.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

struct DownloadCommand {
  std::string name;
  std::string folder;
  std::string what = "output";
  bool overwrite = false;
  aws::SessionOptions session;
};

// What is asked for and there. Outputs lie in the folder itself, checkpoints in
// checkpoints/.
std::vector<store::Download> files_of(
    const DownloadCommand& args,
    const store::S3& s3,
    const cloud::JobState& state,
    const fs::path& folder) {
  std::vector<store::Download> files;
  const auto add = [&](const std::string& uri, const fs::path& target) {
    const auto source = store::parse_location(uri).as_folder();
    if (s3.has_any(source)) {
      for (auto& file : store::objects_below(s3, source, target)) {
        files.push_back(std::move(file));
      }
    }
  };
  if (args.what != "checkpoints") {
    add(state.output_uri, folder);
  }
  if (args.what != "output") {
    NADIR_CHECK(
        !state.checkpoint_uri.empty() || args.what == "all",
        "the job {} keeps no checkpoints",
        state.name);
    if (!state.checkpoint_uri.empty()) {
      add(state.checkpoint_uri, folder / "checkpoints");
    }
  }
  if (files.empty()) {
    fail(
        ErrorCode::kNotFound,
        "the job {} ({}) has no {} yet",
        state.name,
        state.detail,
        args.what == "all" ? "output" : args.what);
  }
  return files;
}

void run_download(const DownloadCommand& args, bool as_json) {
  const JobClient client(args.session);
  const auto state = find_job(client, args.name);
  const fs::path folder = args.folder.empty() ? args.name : args.folder;
  const auto files = files_of(args, client.s3, state, folder);
  for (const auto& file : files) {
    NADIR_CHECK(
        args.overwrite || !fs::exists(file.path),
        "{} is there already; replace it with --overwrite, or name another "
        "folder with --out",
        file.path.string());
  }
  {
    Progress progress(
        "downloading " + args.name, store::total_bytes(files), "bytes");
    store::download_objects(client.s3, files, {}, &progress);
  }
  nlohmann::json names = nlohmann::json::array();
  for (const auto& file : files) {
    if (as_json) {
      names.push_back(file.path.string());
    } else {
      std::printf("%s\n", file.path.c_str());
    }
  }
  if (as_json) {
    print_json({{"job", args.name}, {"files", names}});
  }
}

}  // namespace

void add_job_download(Command parent) {
  auto command = parent.add_command(
      "download", "Download a job's model, other outputs and checkpoints.");
  auto args = std::make_shared<DownloadCommand>();  // outlives the parse
  command.add("NAME", args->name, "The job's name.").required();
  command.add("-o,--out", args->folder, "Folder; default the job's name.");
  command.add("--what", args->what, "What to download.")
      .one_of({"output", "checkpoints", "all"});
  command.add_flag("--overwrite", args->overwrite, "Replace files.");
  add_session_flags(command, args->session);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir job download nadir-pretrain-2026-01-31-12-34-56-789 --what all");
  command.on_run([args, as_json] { run_download(*args, *as_json); });
}

}  // namespace nadir::cli
