// What is said about a command line that does not parse.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace nadir::cli {

// One line: the command, what is wrong with the words, the nearest known name,
// and where to read on. `parser` is the one that threw `error`.
[[nodiscard]] std::string usage_message(
    const CLI::App& parser, const CLI::ParseError& error);

}  // namespace nadir::cli
