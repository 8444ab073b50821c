// SageMaker's training containers: one a host, which learn of each other from
// resourceconfig.json ("Using your own training algorithms", developer guide).
#pragma once

#include "launch/host_plan.h"

namespace nadir::launch {

// Whether this is a training job's container: the platform sets
// TRAINING_JOB_NAME, its toolkit SM_CURRENT_HOST, and SAGEMAKER_BASE_DIR names
// another folder than /opt/ml.
[[nodiscard]] bool is_sagemaker(const Environment& environment);

// The hosts of <base>/input/config/resourceconfig.json, in its order and of
// this host's instance group; host 0 listens on MASTER_PORT, else 7777. One
// process a GPU by SM_NUM_GPUS, else `num_gpus`, and one on a host without.
// Throws Error{kNotFound} where the file is not there, Error{kCorruptData}
// where it is not what it should be, both naming it, Error{kInvalidArgument}
// where SM_CURRENT_HOST says otherwise.
[[nodiscard]] HostPlan read_sagemaker_plan(
    const Environment& environment, int64_t num_gpus);

}  // namespace nadir::launch
