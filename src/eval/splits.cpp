#include "eval/splits.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "core/config.h"
#include "core/error.h"
#include "core/log.h"
#include "data/catalog.h"

namespace nadir::eval {

namespace {

using DatasetPointer = std::shared_ptr<const data::Dataset>;

std::vector<int64_t> all_indices(const data::Dataset& dataset) {
  std::vector<int64_t> indices(dataset.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    indices[i] = static_cast<int64_t>(i);
  }
  return indices;
}

std::map<std::string, std::vector<int64_t>> by_split(
    const data::Dataset& dataset) {
  std::map<std::string, std::vector<int64_t>> splits;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    splits[dataset.split(i)].push_back(i);
  }
  return splits;
}

std::vector<std::string> split_names(
    const std::map<std::string, std::vector<int64_t>>& splits) {
  std::vector<std::string> names;
  for (const auto& [name, indices] : splits) {
    names.push_back(
        name.empty() ? "(none)"
                     : fmt::format("{} ({} images)", name, indices.size()));
  }
  return names;
}

// Moves about `share` of `indices` out, by name.
std::vector<int64_t> set_aside(
    const data::Dataset& dataset,
    std::vector<int64_t>& indices,
    double share,
    const char* purpose,
    const char* flag) {
  NADIR_CHECK(
      share > 0 && share < 1,
      "{} must lie between 0 and 1, got {}",
      flag,
      share);
  std::vector<int64_t> taken;
  std::vector<int64_t> kept;
  for (const int64_t index : indices) {
    auto& side = data::share_of_name(dataset.name(index), purpose) < share
                     ? taken
                     : kept;
    side.push_back(index);
  }
  indices = std::move(kept);
  return taken;
}

std::vector<int64_t> evenly_spread(
    const std::vector<int64_t>& indices, int64_t max_images) {
  const auto count = static_cast<int64_t>(indices.size());
  if (max_images <= 0 || count <= max_images) {
    return indices;
  }
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < max_images; ++i) {
    chosen.push_back(indices[i * count / max_images]);
  }
  return chosen;
}

// Column of the dataset's labels for each class asked for.
std::vector<int64_t> match_classes(
    const std::vector<std::string>& wanted,
    const std::vector<std::string>& present,
    const std::string& description) {
  std::vector<int64_t> columns;
  for (const auto& name : wanted) {
    const auto at = std::find(present.begin(), present.end(), name);
    NADIR_CHECK(
        at != present.end(),
        "class '{}' is missing in {}{}: labels are matched by class name",
        name,
        description,
        did_you_mean(name, present));
    columns.push_back(at - present.begin());
  }
  for (const auto& name : present) {
    NADIR_CHECK(
        std::find(wanted.begin(), wanted.end(), name) != wanted.end(),
        "class '{}' of {} is not among the classes asked for ({})",
        name,
        description,
        join(wanted, ", "));
  }
  return columns;
}

std::vector<int64_t> named_split(
    const data::Dataset& dataset,
    const std::map<std::string, std::vector<int64_t>>& splits,
    const std::string& name,
    const char* flag) {
  const auto at = splits.find(name);
  NADIR_CHECK(
      at != splits.end(),
      "{} '{}' is not a split of {}; there are {}",
      flag,
      name,
      dataset.description(),
      join(split_names(splits), ", "));
  return at->second;
}

void check_labelled(const data::Dataset& dataset) {
  NADIR_CHECK(
      !dataset.class_names().empty(),
      "evaluation needs labels, and {} has none; class folders, a dataset "
      "folder or a BigEarthNet folder with its index have",
      dataset.description());
}

// Images of data given beside --data: its own split if it names one.
std::vector<int64_t> other_indices(
    const data::Dataset& dataset, const std::string& split) {
  auto splits = by_split(dataset);
  const auto at = splits.find(split);
  return at != splits.end() ? at->second : all_indices(dataset);
}

// Scores of images that were trained or selected on mean nothing. Images of
// other data may bear the same names.
void check_apart(
    const ImageSet& one,
    const char* what,
    const ImageSet& other,
    const char* other_what) {
  if (one.size() == 0 || other.size() == 0 ||
      one.dataset->description() != other.dataset->description()) {
    return;
  }
  std::unordered_set<std::string> names;
  for (const int64_t index : one.indices) {
    names.insert(one.dataset->name(index));
  }
  for (const int64_t index : other.indices) {
    const auto& name = other.dataset->name(index);
    NADIR_CHECK(
        !names.contains(name),
        "{} is among the {} and the {} images ({}; {}): they must be others",
        name,
        what,
        other_what,
        one.description,
        other.description);
  }
}

void check_not_empty(const ImageSet& set, const char* what) {
  NADIR_CHECK(
      set.size() > 0, "there are no {} images in {}", what, set.description);
}

}  // namespace

ImageSet make_image_set(
    std::shared_ptr<const data::Dataset> dataset,
    std::vector<int64_t> indices,
    const std::vector<std::string>& class_names,
    int64_t max_images,
    const std::string& description) {
  ImageSet set;
  set.indices = evenly_spread(indices, max_images);
  set.description = description;
  const auto columns =
      match_classes(class_names, dataset->class_names(), description);
  set.labels.num_images = set.size();
  set.labels.num_classes = static_cast<int64_t>(columns.size());
  set.labels.values.reserve(set.indices.size() * columns.size());
  for (const int64_t index : set.indices) {
    const auto row = dataset->labels(index);
    for (const int64_t column : columns) {
      set.labels.values.push_back(row[column] != 0 ? 1 : 0);
    }
  }
  set.dataset = std::move(dataset);
  return set;
}

Splits make_splits(
    const SplitConfig& config,
    const DatasetPointer& dataset,
    const DatasetPointer& validation,
    const DatasetPointer& test,
    bool needs_validation) {
  check_labelled(*dataset);
  Splits result;
  result.task =
      dataset->is_multi_label() ? Task::kMultiLabel : Task::kSingleLabel;
  result.class_names = dataset->class_names();
  const std::string data_name = dataset->description();
  const auto make_set = [&](const DatasetPointer& source,
                            std::vector<int64_t> indices,
                            int64_t max_images,
                            const std::string& description) {
    return make_image_set(
        source,
        std::move(indices),
        result.class_names,
        max_images,
        description);
  };

  const auto splits = by_split(*dataset);
  const bool has_splits = splits.size() > 1 || !splits.contains("");
  auto train =
      has_splits && !config.train_split.empty()
          ? named_split(*dataset, splits, config.train_split, "--train-split")
          : all_indices(*dataset);
  const std::string train_name =
      has_splits
          ? fmt::format("split '{}' of {}", config.train_split, data_name)
          : data_name;

  if (test != nullptr) {
    result.test = make_set(
        test,
        other_indices(*test, config.test_split),
        config.max_test,
        test->description());
  } else if (has_splits) {
    result.test = make_set(
        dataset,
        named_split(*dataset, splits, config.test_split, "--test-split"),
        config.max_test,
        fmt::format("split '{}' of {}", config.test_split, data_name));
  } else {
    auto indices =
        set_aside(*dataset, train, config.test_share, "test", "test_share");
    log_info(
        "eval",
        "{} has no splits: {} of {} images, chosen by their names, are set "
        "aside as the test set",
        data_name,
        indices.size(),
        dataset->size());
    result.test = make_set(
        dataset,
        std::move(indices),
        config.max_test,
        fmt::format("{} set aside of {}", config.test_share, data_name));
  }

  if (needs_validation) {
    if (validation != nullptr) {
      result.selected_on = validation->description();
      result.validation = make_set(
          validation,
          other_indices(*validation, config.val_split),
          config.max_val,
          result.selected_on);
    } else if (has_splits && splits.contains(config.val_split)) {
      result.selected_on = fmt::format("split '{}'", config.val_split);
      result.validation = make_set(
          dataset,
          splits.at(config.val_split),
          config.max_val,
          fmt::format("split '{}' of {}", config.val_split, data_name));
    } else {
      auto indices = set_aside(
          *dataset, train, config.val_share, "validation", "val_share");
      result.selected_on = fmt::format(
          "{} of the training images, set aside by name", config.val_share);
      log_warning(
          "eval",
          "there is no split '{}': {} of the {} training images are set aside "
          "to select on; the test images are scored once and select nothing",
          config.val_split,
          indices.size(),
          indices.size() + train.size());
      result.validation = make_set(
          dataset, std::move(indices), config.max_val, result.selected_on);
    }
    check_not_empty(result.validation, "validation");
  }
  result.train =
      make_set(dataset, std::move(train), config.max_train, train_name);
  check_not_empty(result.train, "training");
  check_not_empty(result.test, "test");
  check_apart(result.train, "training", result.test, "test");
  check_apart(result.train, "training", result.validation, "validation");
  check_apart(result.validation, "validation", result.test, "test");
  return result;
}

Splits open_splits(
    const SplitConfig& config,
    const std::vector<std::string>& bands,
    bool needs_validation,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  NADIR_CHECK(!config.data.empty(), "--data must name the labelled images");
  const auto open = [&](const std::string& path) -> DatasetPointer {
    if (path.empty()) {
      return nullptr;
    }
    data::DatasetOptions options;
    options.data = path;
    options.bands = bands;
    options.remote = remote;
    options.index = path == config.data ? config.index : "";
    return data::open_dataset(options);
  };
  return make_splits(
      config,
      open(config.data),
      open(config.val_data),
      open(config.test_data),
      needs_validation);
}

}  // namespace nadir::eval
