#include "cli/usage_message.h"

#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/config.h"

namespace nadir::cli {
namespace {

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
  if (!unknown.empty()) {
    return unknown_word(command, unknown.front());
  }
  const auto names = names_of_subcommands(command);
  if (!names.empty()) {
    return "a command is missing: " + join(names, ", ");
  }
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string usage_message(
    const CLI::App& parser, const CLI::ParseError& error) {
  const Reached reached = reached_command(parser);
  return fmt::format(
      "{}; see {} --help", problem(*reached.command, error), reached.name);
}

}  // namespace nadir::cli
