// What commands share: fields of a configuration as flags, examples in
// --help, results as JSON.
//
// Flags are registered with dashes; main() turns `_` into `-` in what the user
// types, so `--teacher_temp` and `--teacher-temp` are the same flag.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include "core/config.h"

namespace nadir::cli {

// What the user typed for each field, by key; filled by the parse.
using FlagTexts = std::shared_ptr<std::map<std::string, std::string>>;

// One flag for each field: its default and help are shown, the parse sets the
// field. Lists take commas or several words. The configuration behind `fields`
// must outlive the parse. Returns the texts, so that a command that reads a
// recipe first can apply them again on top (apply_flags).
FlagTexts add_config_flags(CLI::App& command, const std::vector<Field>& fields);

// Sets the fields that the user gave on the command line.
void apply_flags(const std::vector<Field>& fields, const FlagTexts& texts);

// "Example:\n  nadir ..." at the end of the command's --help.
void set_example(CLI::App& command, const std::string& example);

// Refuses integers under `minimum`: "must be >= 0, got -1".
[[nodiscard]] CLI::Validator at_least(int64_t minimum);

// Adds `--json`; the returned flag is set by the parse.
std::shared_ptr<bool> add_json_flag(CLI::App& command);

// `json` on standard output, two blanks of indent, a newline at the end.
void print_json(const nlohmann::json& json);

}  // namespace nadir::cli
