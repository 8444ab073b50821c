// A training job as command lines of nadir. Hyperparameters are flags by name;
// those that name inputs and outputs become the job's own.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "container/pipe_channel.h"
#include "container/training_job.h"

namespace nadir::container {

// A flag of a nadir command, its name with `_`.
struct CommandFlag {
  std::string name;
  bool takes_value = true;
};

struct JobCommand {
  std::string name;  // pretrain, linear, knn, predict, embed, pack or index
  std::vector<PipeInput> pipes;  // to be stored before the steps
  // Words behind the program's name, to be run one after another.
  std::vector<std::vector<std::string>> steps;
  std::filesystem::path work;     // what the command leaves: run, results
  std::filesystem::path output;   // where results go for the user
  std::filesystem::path weights;  // given to linear
  // arch, patch_size, num_labels of the article's classifier job, which the
  // weights and the images have of themselves: to be compared.
  std::map<std::string, std::string> expected;
  std::vector<std::string> remarks;  // for the log
};

// The command that the job runs: its hyperparameter nadir_command, else what
// its script did in the article (main_dino.py, eval_linear.py), else pretrain.
// Throws Error{kInvalidArgument} for another.
[[nodiscard]] std::string job_command_name(
    const Hyperparameters& hyperparameters);

// The command's words: "linear" is {"eval", "linear"}.
[[nodiscard]] std::vector<std::string> job_command_words(
    const std::string& name);

// Hyperparameters that a job of that command may have beside its flags: where
// inputs and outputs are, and the article's words.
[[nodiscard]] std::vector<std::string> contract_names(const std::string& name);

// Flags that the job sets, or that mean nothing in it.
[[nodiscard]] const std::vector<std::string>& flags_of_job();

// The job as `name` with `flags`, those of the command. What must be unpacked
// or packed before is put below `scratch`, and pipes will be. Throws
// Error{kInvalidArgument} for a hyperparameter that is no flag, naming the
// nearest, and for one that the job itself sets; what find_input() and
// find_weights() throw; and for several hosts where the command divides its
// work by a shared folder.
[[nodiscard]] JobCommand translate_job(
    const TrainingJob& job,
    const std::string& name,
    const std::vector<CommandFlag>& flags,
    const std::filesystem::path& scratch);

}  // namespace nadir::container
