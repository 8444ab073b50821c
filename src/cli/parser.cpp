#include "cli/parser.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/log.h"
#include "core/version.h"

namespace nadir::cli {
namespace {

// To every command, since people type them last.
void add_log_flags(CLI::App& app) {
  const auto subcommands = app.get_subcommands([](CLI::App*) { return true; });
  for (auto* subcommand : subcommands) {
    add_log_flags(*subcommand);
  }
  if (!subcommands.empty()) {
    return;
  }
  const auto add = [&](const char* flag, const char* help, LogLevel level) {
    app.add_flag_callback(
           flag, [level] { set_log_level(level); }, help)
        ->group("Log");
  };
  add("--verbose", "Log details.", LogLevel::kDebug);
  add("--quiet", "Log warnings and errors only.", LogLevel::kWarning);
}

}  // namespace

std::unique_ptr<CLI::App> make_parser() {
  auto app = std::make_unique<CLI::App>(
      "nadir teaches Vision Transformers to see the Earth without labels,\n"
      "and takes them to work.",
      "nadir");
  app->set_version_flag(
      "--version",
      fmt::format(
          "nadir {} (commit {}, {})", version(), commit(), build_type()));
  app->require_subcommand(1);
  app->get_formatter()->column_width(34);
  app->footer("Example:\n  nadir pretrain --help");
  add_commands(Command(*app));
  add_log_flags(*app);
  return app;
}

}  // namespace nadir::cli
