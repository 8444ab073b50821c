// `nadir report`: one HTML page about one run or several.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/file.h"
#include "report/figures.h"
#include "report/html_report.h"
#include "report/run.h"
#include "report/summary.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> run_folders;
  std::string out = "report.html";
  std::string figures;
  bool overwrite = false;
};

// The files' paths, as the user would write them; none without --figures.
std::vector<std::string> write_report_figures(
    const ReportOptions& options,
    const std::vector<report::Run>& runs,
    store::RemoteFiles& remote) {
  std::vector<std::string> paths;
  if (options.figures.empty()) {
    return paths;
  }
  const auto figures = report::report_figures(runs);
  store::RemoteOutput output(remote, options.figures);
  report::check_figures(figures, output.path(), options.overwrite);
  report::write_figures(figures, output.path());
  output.publish();
  for (const auto& figure : figures) {
    paths.push_back(
        (std::filesystem::path(options.figures) / figure.file).string());
  }
  return paths;
}

void write_report(
    ReportOptions& options, store::RemoteFiles& remote, bool as_json) {
  for (auto& run : options.run_folders) {
    run = remote_weights(remote, run);
  }
  store::RemoteOutput output(remote, options.out);
  const auto runs = report::read_runs(options.run_folders);
  const auto figures = write_report_figures(options, runs, remote);
  write_file(output.path(), report::html_report(runs));
  output.publish();
  if (as_json) {
    auto json = report::json_summary(runs);
    json["report"] = options.out;
    if (!options.figures.empty()) {
      json["figures"] = figures;
    }
    print_json(nlohmann::json(json));
    return;
  }
  std::printf(
      "%s\nreport: %s\n",
      report::text_summary(runs).c_str(),
      options.out.c_str());
  if (!options.figures.empty()) {
    std::printf(
        "figures: %zu in %s\n", figures.size(), options.figures.c_str());
  }
}

}  // namespace

void add_report(Command parent) {
  auto command =
      parent.add_command("report", "Write one HTML page that compares runs.");
  auto options = std::make_shared<ReportOptions>();
  command.add_words("RUN", options->run_folders, "Run folders.").required();
  command.add(
      "--out", options->out, "The page; one file that needs no network.");
  command.add(
      "--figures",
      options->figures,
      "Folder for all charts (SVG) and pictures (PNG) as files.");
  command.add_flag(
      "--overwrite", options->overwrite, "Replace figures that are there.");
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir report runs/a runs/b --out report.html --figures figures");
  command.on_run([options, remote, as_json] {
    write_report(*options, *remote(), *as_json);
  });
}

}  // namespace nadir::cli
