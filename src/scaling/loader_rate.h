// How many images a second this machine's loader makes views of.
#pragma once

#include <memory>

#include "data/dataset.h"
#include "data/normalization.h"
#include "train/pretrain_config.h"

namespace nadir::scaling {

// Batches of config.optim.batch_size_per_gpu images by config.run.num_workers
// threads with nothing beside them, for about two seconds. Throws what
// train::ViewSource throws.
[[nodiscard]] double measure_loader_images_per_s(
    std::shared_ptr<const data::Dataset> dataset,
    const data::Normalization& normalization,
    const train::PretrainConfig& config);

}  // namespace nadir::scaling
