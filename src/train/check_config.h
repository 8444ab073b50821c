// Refuses what no run can have, before anything is computed from it.
#pragma once

#include "train/pretrain_config.h"

namespace nadir::train {

// Throws Error{kInvalidArgument} naming a field of `optim` that is out of
// range.
void check_optim_config(const OptimConfig& optim);

// The same for the fields of a whole run that counts and sizes are divided by
// or taken from. What a part of the program checks by itself when it is made
// (views, head, loss, loader) is left to it.
void check_config(const PretrainConfig& config);

}  // namespace nadir::train
