// The parser of the program's whole command line.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace nadir::cli {

// Words that do not parse. what() is one line: what is wrong with them, the
// nearest known name, and where to read on.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Parser {
 public:
  // --version, and all commands in the order of --help, each with --verbose
  // and --quiet.
  Parser();
  ~Parser();

  // Parses the words behind the program's name and runs the command they name;
  // --help and --version print. Throws UsageError, and what the command throws.
  void parse(const std::vector<std::string>& words);

  // Whether `name` is a command or group right behind the program's name.
  [[nodiscard]] bool has_command(const std::string& name) const;

  // Names, helps and defaults of all commands and flags.
  [[nodiscard]] const CLI::App& app() const { return *app_; }

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace nadir::cli
