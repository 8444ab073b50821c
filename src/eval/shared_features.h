// Features that the processes of a group make together, each its share.
#pragma once

#include <functional>
#include <string>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "distributed/communicator.h"
#include "eval/feature_cache.h"
#include "eval/features.h"

namespace nadir::eval {

// Who gets gathered features: they may be large. The others get an undefined
// tensor.
enum class Receivers { kFirst, kAll };

// extract_features() of all images, whole batches of which each rank makes:
// the same bits as one process's. Collective. Throws what extract_features()
// throws; Error{kDistributed} where a peer is lost.
[[nodiscard]] at::Tensor extract_shared(
    const ImageSet& images,
    const ViewRecipe& views,
    const Extractor& extractor,
    int64_t batch_size,
    int64_t num_threads,
    const std::string& what,
    const distributed::Communicator& group,
    Receivers who);

// The first rank's cached features of `key`, or what `make`, a collective
// function, makes of them, which the first rank then keeps. Collective.
[[nodiscard]] at::Tensor shared_from_cache(
    const FeatureCache& cache,
    const nlohmann::json& key,
    int64_t num_rows,
    const distributed::Communicator& group,
    Receivers who,
    const std::function<at::Tensor()>& make);

// Throws Error{kDistributed} naming the first rank whose text is not rank 0's;
// `what` is for the message. Collective.
void check_same_on_all(
    const distributed::Communicator& group,
    const std::string& text,
    const std::string& what);

}  // namespace nadir::eval
