#include "cli/parser.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "core/config.h"
#include "core/log.h"
#include "core/version.h"

namespace nadir::cli {
namespace {

// Not one that a command below it must follow.
bool runs_by_itself(const CLI::App& command) {
  return command.get_require_subcommand_min() == 0;
}

// To every command, since people type them last.
void add_log_flags(CLI::App& app) {
  const auto subcommands = app.get_subcommands([](CLI::App*) { return true; });
  for (auto* subcommand : subcommands) {
    add_log_flags(*subcommand);
  }
  if (!runs_by_itself(app)) {
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

// The command that was reached: "nadir data pack".
struct Reached {
  const CLI::App* command;
  std::string name;
};

Reached reached_command(const CLI::App& parser) {
  Reached reached{&parser, parser.get_name()};
  while (!reached.command->get_subcommands().empty()) {
    reached.command = reached.command->get_subcommands().front();
    reached.name += " " + reached.command->get_name();
  }
  return reached;
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const auto* option :
       command.get_options([](const CLI::Option*) { return true; })) {
    for (const auto& name : option->get_lnames()) {
      flags.push_back("--" + name);
    }
  }
  return flags;
}

std::vector<std::string> names_of_subcommands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* subcommand :
       command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

// What is wrong with a word that the command does not know.
std::string unknown_word(const CLI::App& command, const std::string& word) {
  if (word.starts_with("-")) {
    const std::string flag = word.substr(0, word.find('='));
    return fmt::format(
        "unknown flag {}{}", flag, did_you_mean(flag, flags_of(command)));
  }
  const auto names = names_of_subcommands(command);
  if (names.empty()) {
    return fmt::format("unexpected word '{}'", word);
  }
  const std::string hint = did_you_mean(word, names);
  return fmt::format(
      "unknown command '{}'{}",
      word,
      hint.empty() ? ", known are " + join(names, ", ") : hint);
}

std::string problem(const CLI::App& command, const CLI::ParseError& error) {
  const auto unknown = command.remaining();
  // What follows -- is read last, and not before a flag's value is refused.
  if (!unknown.empty() && unknown.front() != "--") {
    return unknown_word(command, unknown.front());
  }
  const auto names = names_of_subcommands(command);
  if (!runs_by_itself(command)) {
    return "a command is missing: " + join(names, ", ");
  }
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// One line: the command, what is wrong with the words, the nearest known name,
// and where to read on. `parser` is the one that threw `error`.
std::string usage_message(
    const CLI::App& parser, const CLI::ParseError& error) {
  const Reached reached = reached_command(parser);
  return fmt::format(
      "{}; see {} --help", problem(*reached.command, error), reached.name);
}

}  // namespace

Parser::Parser()
    : app_(std::make_unique<CLI::App>(
          "nadir teaches Vision Transformers to see the Earth without labels,\n"
          "and takes them to work.",
          "nadir")) {
  app_->set_version_flag(
      "--version",
      fmt::format(
          "nadir {} (commit {}, {})", version(), commit(), build_type()));
  app_->require_subcommand(1);
  app_->get_formatter()->column_width(34);
  app_->footer("Example:\n  nadir pretrain --help");
  add_commands(Command(*app_));
  add_log_flags(*app_);
}

Parser::~Parser() = default;

bool Parser::has_command(const std::string& name) const {
  const auto names = names_of_subcommands(*app_);
  return std::find(names.begin(), names.end(), name) != names.end();
}

void Parser::parse(const std::vector<std::string>& words) {
  try {
    // CLI11 takes the words in reverse order.
    app_->parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& wish) {  // --help, --version
    app_->exit(wish);
  } catch (const CLI::ParseError& error) {
    throw UsageError(usage_message(*app_, error));
  }
}

}  // namespace nadir::cli
