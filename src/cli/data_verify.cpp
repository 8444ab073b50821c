// `nadir data verify`: whether a BigEarthNet folder or archive, or a packed
// dataset, is sound.
#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/config.h"
#include "core/error.h"
#include "core/log.h"
#include "data/verify.h"

namespace nadir::cli {
namespace {

constexpr size_t kMaxShown = 20;

struct VerifyCommand {
  data::VerifyOptions options;
  bool skips_pixels = false;
  bool must_be_complete = false;
};

nlohmann::json report_json(const data::VerifyReport& report) {
  nlohmann::json bad = nlohmann::json::array();
  for (const auto& patch : report.bad) {
    bad.push_back({{"name", patch.name}, {"problem", patch.problem}});
  }
  return {
      {"patches", report.num_patches},
      {"skipped_folders", report.num_skipped},
      {"bad", bad},
      {"listed", report.num_listed},
      {"unlisted", report.num_unlisted},
      {"missing", report.num_missing},
      {"first_unlisted", report.first_unlisted},
      {"first_missing", report.first_missing},
      {"md5", report.md5},
      {"md5_name", report.md5_name}};
}

void print_report(const data::VerifyReport& report) {
  fmt::print("patches        {}\n", report.num_patches);
  fmt::print("other folders  {}  (skipped)\n", report.num_skipped);
  fmt::print("bad patches    {}\n", report.bad.size());
  for (size_t i = 0; i < std::min(report.bad.size(), kMaxShown); ++i) {
    fmt::print("  {}: {}\n", report.bad[i].name, report.bad[i].problem);
  }
  if (report.bad.size() > kMaxShown) {
    fmt::print(
        "  and {} more; --json lists all\n", report.bad.size() - kMaxShown);
  }
  if (report.num_listed > 0) {
    fmt::print(
        "in no list     {}  {}\n",
        report.num_unlisted,
        join(report.first_unlisted, " "));
    fmt::print(
        "not here       {} of {} listed\n",
        report.num_missing,
        report.num_listed);
  }
  if (!report.md5.empty()) {
    fmt::print(
        "MD5            {}  {}\n",
        report.md5,
        report.md5_name.empty() ? "not that of a published archive"
                                : "as published: " + report.md5_name);
  }
}

// Throws where the data is not what was asked for, after the report is out.
void check(const data::VerifyReport& report, bool must_be_complete) {
  if (!report.bad.empty()) {
    fail(
        ErrorCode::kCorruptData,
        "{} of {} patches are bad",
        report.bad.size(),
        report.num_patches);
  }
  if (!report.md5.empty() && report.md5_name.empty()) {
    fail(
        ErrorCode::kCorruptData,
        "the archive's MD5 is not that of a published one");
  }
  if (must_be_complete && report.num_missing > 0) {
    fail(
        ErrorCode::kCorruptData,
        "{} of the {} listed patches are not here, e.g. {}",
        report.num_missing,
        report.num_listed,
        report.first_missing.front());
  }
}

}  // namespace

void add_data_verify(Command parent) {
  auto command = parent.add_command(
      "verify",
      "Check BigEarthNet or a packed dataset: names, files, pixels, checksum.");
  auto args = std::make_shared<VerifyCommand>();  // outlives the parse
  auto& options = args->options;
  command
      .add(
          "SRC",
          options.source,
          "BigEarthNet folder or archive, or dataset folder.")
      .required();
  command.add(
      "--bands", options.bands, "Bands to read; without it all twelve.");
  command.add_flag(
      "--names-only",
      args->skips_pixels,
      "Check names and metadata, read no pixels.");
  command.add(
      "--lists", options.lists, "Folder of the official lists of names.");
  command.add_flag(
      "--complete",
      args->must_be_complete,
      "Fail if a listed patch is missing.");
  command.add_flag(
      "--md5",
      options.computes_md5,
      "Compare the archive's MD5 with the published ones.");
  add_threads(command, options.num_threads);
  const auto remote_of = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data verify BigEarthNet-v1.0.tar.gz --md5");
  command.on_run([args, remote_of, wants_json] {
    args->options.remote = remote_of();
    open_stream_source(*args->options.remote, args->options.source);
    args->options.reads_pixels = !args->skips_pixels;
    const data::VerifyReport report = data::verify_source(args->options);
    if (report.is_interrupted) {
      log_warning("data", "interrupted; nothing is known of the rest");
      return;
    }
    if (*wants_json) {
      print_json(report_json(report));
    } else {
      print_report(report);
    }
    check(report, args->must_be_complete);
  });
}

}  // namespace nadir::cli
