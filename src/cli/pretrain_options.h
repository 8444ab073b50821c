// The flags of `nadir pretrain`: every field of the configuration, the short
// names people type, and those of the reference program and its relatives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "train/pretrain_config.h"

namespace nadir::cli {

struct PretrainOptions {
  train::PretrainConfig config;
  std::string recipe = "none";  // none, auto, or a TOML file
  std::string resume = "no";    // no or auto
  bool overwrite = false;
  bool dry_run = false;
  std::vector<std::string> command_line;
};

// Adds all flags to `command`; the parse fills `options`. Returns the texts of
// the configuration's flags, by key.
FlagTexts add_pretrain_options(
    Command command, const std::shared_ptr<PretrainOptions>& options);

// Defaults, then the recipe file, then the flags. Throws
// Error{kInvalidArgument} if --data or --out is missing.
// The index that `path` names: a file, or the folder that holds no other, as
// the article passes its metadata. Throws Error{kInvalidArgument} for a folder
// with none or several.
[[nodiscard]] std::string index_file(const std::string& path);

void resolve_config(PretrainOptions& options, const FlagTexts& texts);

}  // namespace nadir::cli
