#include "cli/completion_tree.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "core/config.h"

namespace nadir::cli {
namespace {

constexpr size_t kMaxHelp = 76;

// The first line, cut between words.
std::string short_help(const std::string& help) {
  std::string line = help.substr(0, help.find('\n'));
  if (line.size() > kMaxHelp) {
    line.resize(line.rfind(' ', kMaxHelp));
    line += " ...";
  }
  return line;
}

// CLI11 tells the allowed values in the type's name only: "TEXT:{a,b}", with
// "a->1" for values that stand for others; our own fields say "on|off".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  std::vector<std::string> choices;
  if (open != std::string::npos && close != std::string::npos && open < close) {
    choices = split(type.substr(open + 1, close - open - 1), ',');
  } else if (type.find('|') != std::string::npos) {
    choices = split(type, '|');
  }
  for (auto& choice : choices) {
    choice = choice.substr(0, choice.find("->"));
  }
  return choices;
}

CompletionOption option_of(const CLI::Option& option) {
  CompletionOption completed;
  for (const auto& name : option.get_snames()) {
    completed.names.push_back("-" + name);
  }
  for (const auto& name : option.get_lnames()) {
    completed.names.push_back("--" + name);
  }
  completed.help = short_help(option.get_description());
  completed.takes_value = option.get_items_expected_max() > 0;
  completed.choices = choices_of(option);
  return completed;
}

void add_command(
    const CLI::App& app,
    const std::string& place,
    std::vector<CompletionCommand>& commands) {
  CompletionCommand command;
  command.place = place;
  for (const auto* option :
       app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_positional()) {
      command.takes_words = true;
      command.word_choices = choices_of(*option);
    }
    if (!option->get_snames().empty() || !option->get_lnames().empty()) {
      command.options.push_back(option_of(*option));
    }
  }
  const auto subcommands =
      app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* subcommand : subcommands) {
    command.subcommands.emplace_back(
        subcommand->get_name(), short_help(subcommand->get_description()));
  }
  commands.push_back(std::move(command));
  for (const auto* subcommand : subcommands) {
    add_command(*subcommand, place + " " + subcommand->get_name(), commands);
  }
}

}  // namespace

std::vector<CompletionCommand> completion_tree(const CLI::App& root) {
  std::vector<CompletionCommand> commands;
  add_command(root, "", commands);
  return commands;
}

}  // namespace nadir::cli
