// BigEarthNet's label names: the original 43 (CORINE Land Cover, level 3) and
// the 19 that Sumbul et al. 2021 (arXiv:2105.07921) made of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace nadir::data {

// In the order of the paper, which is the order of nadir's multi-hot vectors
// and heads (bigearthnet_common's helper sorts by name instead).
[[nodiscard]] const std::vector<std::string>& labels_19();

// In the order of the original archive.
[[nodiscard]] const std::vector<std::string>& labels_43();

// The 19-class names of 43-class names, order and repetitions kept; nothing if
// none of them has one. Throws Error{kCorruptData} on a name that is not among
// the 43.
[[nodiscard]] std::optional<std::vector<std::string>> to_labels_19(
    const std::vector<std::string>& labels);

}  // namespace nadir::data
