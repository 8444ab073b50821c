// What commands share: fields of a configuration as flags, examples in
// --help, results as JSON.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include "core/config.h"

namespace nadir::cli {

// One flag for each field: `--key` (and `--key-with-dashes`), its default and
// help. Lists take commas or several words. `fields` must outlive the parse.
void add_config_flags(CLI::App& command, const std::vector<Field>& fields);

// "Example:\n  nadir ..." at the end of the command's --help.
void set_example(CLI::App& command, const std::string& example);

// Adds `--json`; the returned flag is set by the parse.
std::shared_ptr<bool> add_json_flag(CLI::App& command);

// `json` on standard output, two blanks of indent, a newline at the end.
void print_json(const nlohmann::json& json);

}  // namespace nadir::cli
