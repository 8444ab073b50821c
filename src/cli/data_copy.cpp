// `nadir data copy`: files and folders between this host and S3.
#include <chrono>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/progress.h"
#include "store/download.h"
#include "store/upload.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

struct CopyOptions {
  std::string source;
  std::string target;
  int connections = store::TransferOptions{}.num_connections;
  bool overwrite = false;
};

struct Copied {
  int64_t num_files = 0;
  int64_t num_bytes = 0;
};

Copied upload(const CopyOptions& options, store::RemoteFiles& remote) {
  const fs::path source = options.source;
  if (!fs::exists(source)) {
    fail(ErrorCode::kNotFound, "there is no {}", options.source);
  }
  auto target = store::parse_location(options.target);
  std::vector<store::Transfer> files;
  if (fs::is_directory(source)) {
    files = store::files_below(source, target);
    NADIR_CHECK(!files.empty(), "{} holds no files", options.source);
    NADIR_CHECK(
        options.overwrite || !remote.s3()->has_any(target.as_folder()),
        "{} holds objects already; choose another prefix, or give --overwrite",
        options.target);
  } else {
    if (target.key.empty() || target.key.ends_with('/')) {
      target = target.below(source.filename().string());
    }
    NADIR_CHECK(
        options.overwrite || !remote.s3()->find(target),
        "{} is there already; choose another name, or give --overwrite",
        target.text());
    files = {{source, target}};
  }
  const Copied copied{
      static_cast<int64_t>(files.size()), store::total_bytes(files)};
  Progress progress(
      "uploading to " + options.target, copied.num_bytes, "bytes");
  store::TransferOptions transfer;
  transfer.num_connections = options.connections;
  store::upload_files(*remote.s3(), files, transfer, &progress);
  return copied;
}

Copied download(const CopyOptions& options, store::RemoteFiles& remote) {
  const auto source = store::parse_location(options.source);
  const auto object = remote.s3()->find(source);
  std::vector<store::Download> objects;
  if (object) {
    const fs::path target = fs::is_directory(options.target)
                                ? fs::path(options.target) / source.name()
                                : fs::path(options.target);
    objects = {{source, *object, target}};
  } else {
    objects = store::objects_below(*remote.s3(), source, options.target);
  }
  for (const auto& one : objects) {
    NADIR_CHECK(
        options.overwrite || !fs::exists(one.path),
        "{} is there already; choose another place, or give --overwrite",
        one.path.string());
  }
  const Copied copied{
      static_cast<int64_t>(objects.size()), store::total_bytes(objects)};
  Progress progress("fetching " + options.source, copied.num_bytes, "bytes");
  store::TransferOptions transfer;
  transfer.num_connections = options.connections;
  store::download_objects(*remote.s3(), objects, transfer, &progress);
  return copied;
}

void run_copy(
    const CopyOptions& options, store::RemoteFiles& remote, bool as_json) {
  const bool is_upload = store::is_remote(options.target);
  NADIR_CHECK(
      is_upload != store::is_remote(options.source),
      "one of {} and {} must be at s3://, the other on this host",
      options.source,
      options.target);
  const auto begin = std::chrono::steady_clock::now();
  const Copied copied =
      is_upload ? upload(options, remote) : download(options, remote);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  if (as_json) {
    print_json(
        {{"files", copied.num_files},
         {"bytes", copied.num_bytes},
         {"seconds", seconds}});
  } else {
    fmt::print(
        "{}: {} files, {} in {} ({}/s)\n",
        options.target,
        copied.num_files,
        format_bytes(static_cast<double>(copied.num_bytes)),
        format_duration(seconds),
        format_bytes(static_cast<double>(copied.num_bytes) / seconds));
  }
}

}  // namespace

void add_data_copy(Command parent) {
  auto command = parent.add_command(
      "copy", "Copy a file or folder to S3 or from there, bytes checked.");
  auto options = std::make_shared<CopyOptions>();  // outlives the parse
  command
      .add("SRC", options->source, "File, folder, s3://bucket/key or a prefix.")
      .required();
  command.add("DST", options->target, "Where to; one of both is s3://.")
      .required();
  command
      .add(
          "--connections",
          options->connections,
          "Requests that are under way at a time.")
      .at_least(1);
  command.add_flag(
      "--overwrite", options->overwrite, "Replace what is there already.");
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data copy ben s3://my-bucket/ben");
  command.on_run([options, remote, wants_json] {
    run_copy(*options, *remote(), *wants_json);
  });
}

}  // namespace nadir::cli
