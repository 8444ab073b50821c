// `nadir completion`: scripts that complete commands and options in a shell.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/completion_script.h"

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

void add_completion(Command parent) {
  auto command = parent.add_command(
      "completion", "Print a script that completes nadir in a shell.");
  auto shell = std::make_shared<std::string>();
  command.add("SHELL", *shell, "The shell.")
      .required()
      .one_of({"bash", "zsh", "fish"});
  command.set_example("echo 'source <(nadir completion bash)' >> ~/.bashrc");
  // The parser is whole when the command runs: all commands are in it.
  command.on_run([shell, command] {
    std::fputs(script_for(*shell, command.root()).c_str(), stdout);
  });
}

}  // namespace nadir::cli
