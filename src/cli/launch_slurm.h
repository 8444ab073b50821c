// `nadir launch --engine slurm`: its flags, and the job they make.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/command.h"
#include "launch/slurm_script.h"

namespace nadir::cli {

struct SlurmOptions {
  launch::SlurmJob job;
  std::filesystem::path log_dir;  // empty: slurm-<job name>
  bool dry_run = false;
  bool overwrite = false;
};

// Adds the flags that only Slurm knows. Returns them by name, for the others
// to refuse; the parse fills `options`, which must outlive it.
std::map<std::string, Argument> add_slurm_flags(
    Command command, SlurmOptions& options);

// Submits the job and prints its number, where its script and logs are, and how
// to watch and cancel it; with --dry-run prints the script. Throws what
// launch::submit_slurm_job() throws.
void run_slurm(SlurmOptions& options);

}  // namespace nadir::cli
