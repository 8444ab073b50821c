// What `nadir train` leaves for the platform to upload: a model folder that is
// complete on its own, and results beside it.
#pragma once

#include "container/job_command.h"

namespace nadir::cli {

// Throws Error{kInvalidArgument} where the job's arch or patch_size is not that
// of the weights it is given.
void check_expected_network(const container::JobCommand& command);

// Removes the scores and the probe that an interrupted job has left where this
// one works, so that what is there at its end is its own. A run stays.
void remove_old_results(const container::JobCommand& command);

// Writes the model of a command that has ended, or was stopped: of pretrain the
// backbone of its last checkpoint, of linear the network and the probe; others
// make none. Returns whether the command has left what it is for. Throws what
// reading and writing throw.
[[nodiscard]] bool write_job_model(
    const container::TrainingJob& job, const container::JobCommand& command);

// Writes the report and curves of a run, or the scores of an evaluation, to the
// job's output, and prints the scores as metrics. Does nothing where the
// command has left none.
void write_job_results(const container::JobCommand& command);

}  // namespace nadir::cli
