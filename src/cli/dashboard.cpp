// `nadir dashboard`: runs and data in a browser.
#include "dashboard/dashboard.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/signals.h"

namespace nadir::cli {
namespace {

struct DashboardOptions {
  std::vector<std::string> runs;
  dashboard::DashboardConfig server;
};

void run_until_signal(const DashboardOptions& options, bool as_json) {
  const dashboard::Dashboard shown(
      {.runs = dashboard::find_runs(options.runs)}, options.server);
  if (as_json) {
    print_json({{"url", shown.url()}});
  } else {
    std::printf("%s\nCtrl-C ends it.\n", shown.url().c_str());
  }
  std::fflush(stdout);
  while (caught_signal() == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  forget_signal();  // the usual way to end it
}

}  // namespace

void add_dashboard(Command parent) {
  auto command = parent.add_command(
      "dashboard", "Look at runs in a browser, while they train.");
  auto options = std::make_shared<DashboardOptions>();  // outlives the parse
  command.add_words("RUN", options->runs, "Run folders, or folders of them.");
  const auto flags = command.add_fields(fields_of(options->server));
  const auto as_json = command.add_json_flag();
  command.set_example("nadir dashboard runs/a runs/b");
  command.on_run([options, flags, as_json] {
    apply_flags(fields_of(options->server), flags);
    run_until_signal(*options, *as_json);
  });
}

}  // namespace nadir::cli
