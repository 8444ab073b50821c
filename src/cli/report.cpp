// `nadir report`: one HTML page about one run or several.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/file.h"
#include "report/html_report.h"
#include "report/run.h"
#include "report/summary.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> run_folders;
  std::string out = "report.html";
};

void write_report(
    ReportOptions& options, store::RemoteFiles& remote, bool as_json) {
  for (auto& run : options.run_folders) {
    run = remote_weights(remote, run);
  }
  store::RemoteOutput output(remote, options.out);
  const auto runs = report::read_runs(options.run_folders);
  write_file(output.path(), report::html_report(runs));
  output.publish();
  if (as_json) {
    auto json = report::json_summary(runs);
    json["report"] = options.out;
    print_json(nlohmann::json(json));
    return;
  }
  std::printf(
      "%s\nreport: %s\n",
      report::text_summary(runs).c_str(),
      options.out.c_str());
}

}  // namespace

void add_report(Command parent) {
  auto command =
      parent.add_command("report", "Write one HTML page that compares runs.");
  auto options = std::make_shared<ReportOptions>();
  command.add_words("RUN", options->run_folders, "Run folders.").required();
  command.add(
      "--out", options->out, "The page; one file that needs no network.");
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir report runs/a runs/b --out report.html");
  command.on_run([options, remote, as_json] {
    write_report(*options, *remote(), *as_json);
  });
}

}  // namespace nadir::cli
