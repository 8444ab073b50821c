// The parser of the program's whole command line.
#pragma once

#include <memory>

#include <CLI/CLI.hpp>

namespace nadir::cli {

// --version, and all commands in the order of --help, each with --verbose and
// --quiet. Parsing runs the command.
[[nodiscard]] std::unique_ptr<CLI::App> make_parser();

}  // namespace nadir::cli
