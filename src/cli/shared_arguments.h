// Arguments that several commands take, with one name, rule and help.
#pragma once

#include "cli/command.h"

namespace nadir::cli {

// `--threads`: 0 takes all there are.
void add_threads(Command command, int& num_threads);
void add_threads(Command command, int64_t& num_threads);

// `--max-bad`; `things` is "Patches" or "Images".
void add_max_bad(Command command, int64_t& max_bad, const std::string& things);

// `--checkpoint-key`: teacher or student.
void add_checkpoint_key(Command command, std::string& key);

}  // namespace nadir::cli
