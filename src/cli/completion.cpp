// `nadir completion`: scripts that complete commands and options in a shell.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/completion_script.h"
#include "cli/options.h"

namespace nadir::cli {
namespace {

std::string script_for(const std::string& shell, const CLI::App& root) {
  const auto tree = completion_tree(root);
  if (shell == "bash") {
    return bash_completion(tree);
  }
  return shell == "zsh" ? zsh_completion(tree) : fish_completion(tree);
}

}  // namespace

void add_completion(CLI::App& parent) {
  auto* command = parent.add_subcommand(
      "completion", "Print a script that completes nadir in a shell.");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "The shell.")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  set_example(*command, "echo 'source <(nadir completion bash)' >> ~/.bashrc");
  // The parser is whole when the callback runs: all commands are in it.
  command->callback([shell, &parent] {
    const CLI::App* root = &parent;
    while (root->get_parent() != nullptr) {
      root = root->get_parent();
    }
    std::fputs(script_for(*shell, *root).c_str(), stdout);
  });
}

}  // namespace nadir::cli
