// What a shell can complete, read from the parser itself: a command or option
// that the parser knows is completed, and nothing else.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace nadir::cli {

struct CompletionOption {
  std::vector<std::string> names;  // with dashes: "-k", "--num-neighbours"
  std::string help;                // one line
  bool takes_value = false;
  std::vector<std::string> choices;  // the values, where they are a list
};

struct CompletionCommand {
  std::string place;  // words before it, each after a blank: " data pack"
  std::vector<std::pair<std::string, std::string>> subcommands;  // name, help
  std::vector<CompletionOption> options;
  bool takes_words = false;               // has positional arguments
  std::vector<std::string> word_choices;  // their values, where a list
};

// The root and all commands below it, parents first.
[[nodiscard]] std::vector<CompletionCommand> completion_tree(
    const CLI::App& root);

}  // namespace nadir::cli
