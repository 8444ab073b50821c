// What a network's input is on average: a colour that 8-bit numbers are counted
// from (docs/formats/weights.md).
#pragma once

#include <vector>

#include "data/dataset.h"
#include "data/normalization.h"

namespace nadir::data {

// The mean of each band as the network takes it, over up to 64 images evenly
// spread. Images that cannot be read, or hold values that are not finite, are
// left out; empty where all are.
[[nodiscard]] std::vector<double> measure_input_mean(
    const Dataset& dataset, const Normalization& normalization);

}  // namespace nadir::data
