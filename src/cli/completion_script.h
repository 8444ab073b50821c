// Completion scripts for shells, written from the tree of commands.
#pragma once

#include <string>
#include <vector>

#include "cli/completion_tree.h"

namespace nadir::cli {

// Each script completes the program `nadir`: subcommands by place, options,
// values where they are a list, else files. The tree must begin with the root.
[[nodiscard]] std::string bash_completion(
    const std::vector<CompletionCommand>& tree);
[[nodiscard]] std::string zsh_completion(
    const std::vector<CompletionCommand>& tree);
[[nodiscard]] std::string fish_completion(
    const std::vector<CompletionCommand>& tree);

}  // namespace nadir::cli
