// A command of the program: its words and flags, and what it runs. CLI11 stays
// behind this header, since reading it costs four seconds a source.
//
// Flags are registered with dashes; main() turns `_` into `-` in what the user
// types, so `--teacher_temp` and `--teacher-temp` are the same flag.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/config.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace nadir::cli {

// What the user typed for each field, by key; filled by the parse.
using FlagTexts = std::shared_ptr<std::map<std::string, std::string>>;

// A word or a flag with a value, to say what it must be. A handle: the parser
// owns the thing.
class Argument {
 public:
  explicit Argument(CLI::Option& option) : option_(&option) {}

  Argument& required();
  Argument& one_of(const std::vector<std::string>& choices);
  // Refuses integers under `minimum`: "must be >= 0, got -1".
  Argument& at_least(int64_t minimum);

  // After the parse: whether the user gave it.
  [[nodiscard]] bool is_given() const;

 private:
  CLI::Option* option_;
};

// A handle: the parser owns the command. The values given to add() must
// outlive the parse, and what they hold then is shown as their default.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  Command add_command(const std::string& name, const std::string& help);
  // A command of commands, one of which must follow.
  Command add_group(const std::string& name, const std::string& help);

  // `names` is "SRC" for a word by its place, or "-o,--out".
  Argument add(
      const std::string& names, std::string& value, const std::string& help);
  Argument add(
      const std::string& names,
      std::filesystem::path& value,
      const std::string& help);
  Argument add(
      const std::string& names, int64_t& value, const std::string& help);
  Argument add(const std::string& names, int& value, const std::string& help);
  Argument add(
      const std::string& names, uint64_t& value, const std::string& help);
  // One word, a list separated by commas.
  Argument add(
      const std::string& names,
      std::vector<std::string>& values,
      const std::string& help);
  // One or more words.
  Argument add_words(
      const std::string& names,
      std::vector<std::string>& words,
      const std::string& help);
  // A flag with one word, which may stand there several times.
  Argument add_repeated(
      const std::string& names,
      std::vector<std::string>& words,
      const std::string& help);
  Argument add_flag(
      const std::string& names, bool& value, const std::string& help);
  // `--json`; the parse sets what is returned.
  std::shared_ptr<bool> add_json_flag();

  // One flag for each field: its default and help are shown, the parse sets the
  // field. Lists take commas or several words. The configuration behind
  // `fields` must outlive the parse. Returns the texts, so that a command that
  // reads a recipe first can apply them again on top (apply_flags).
  FlagTexts add_fields(const std::vector<Field>& fields);
  // Another flag for a field, which also leaves its text in `texts`.
  void add_alias(
      const std::string& flag,
      const Field& field,
      const FlagTexts& texts,
      const std::string& help);
  // A flag, with or without a value, at which only `warn` is called.
  void add_ignored(
      const std::string& flag,
      const std::string& help,
      const std::string& group,
      std::function<void()> warn);

  // "Example:\n  nadir ..." at the end of --help.
  void set_example(const std::string& example);
  // What the parse runs when the command was named, and none below it.
  void on_run(std::function<void()> action);

  // The parser of the whole program.
  [[nodiscard]] const CLI::App& root() const;

 private:
  CLI::App* app_;
};

// Sets the fields that the user gave on the command line.
void apply_flags(const std::vector<Field>& fields, const FlagTexts& texts);

// `json` on standard output, two blanks of indent, a newline at the end.
void print_json(const nlohmann::json& json);

}  // namespace nadir::cli
