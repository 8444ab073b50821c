// Train, validation and test images of an evaluation, from the data's own
// splits, from other data, or set aside by a fixed rule that is announced.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "eval/label_matrix.h"
#include "eval/splits_config.h"
#include "eval/task.h"

namespace nadir::eval {

// Some images of a dataset, in this order.
struct ImageSet {
  std::shared_ptr<const data::Dataset> dataset;
  std::vector<int64_t> indices;
  LabelMatrix labels;       // a row an image, classes in the order asked for
  std::string description;  // "split 'train' of <data>"

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(indices.size());
  }
};

struct Splits {
  Task task = Task::kMultiLabel;
  std::vector<std::string> class_names;
  ImageSet train;
  ImageSet validation;  // empty unless asked for
  ImageSet test;
  std::string selected_on;  // where the validation images come from
};

// Images of `dataset` (evenly spread where `max_images` > 0 and there are
// more) with the labels of `class_names`, matched by name. Throws
// Error{kInvalidArgument} naming a class that only one of the two has.
[[nodiscard]] ImageSet make_image_set(
    std::shared_ptr<const data::Dataset> dataset,
    std::vector<int64_t> indices,
    const std::vector<std::string>& class_names,
    int64_t max_images,
    const std::string& description);

// Opens the data with `bands` and divides it. Where the data has no splits,
// about test_share of the images are set aside for the test; where there is no
// validation split and `needs_validation`, about val_share of the training
// images. Whether an image is set aside depends on its name alone, so adding
// images moves none from one side to the other.
// Throws Error{kInvalidArgument} for unlabelled data, unknown splits (naming
// those there are), empty ones, and images in two of them.
[[nodiscard]] Splits open_splits(
    const SplitConfig& config,
    const std::vector<std::string>& bands,
    bool needs_validation,
    const std::shared_ptr<store::RemoteFiles>& remote = nullptr);

// The same for data that is open; `validation` and `test` may be null.
[[nodiscard]] Splits make_splits(
    const SplitConfig& config,
    const std::shared_ptr<const data::Dataset>& dataset,
    const std::shared_ptr<const data::Dataset>& validation,
    const std::shared_ptr<const data::Dataset>& test,
    bool needs_validation);

}  // namespace nadir::eval
