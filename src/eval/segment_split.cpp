#include "eval/segment_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "eval/place_groups.h"

namespace nadir::eval {

namespace {

std::set<std::string> read_names(
    const std::string& file, const data::Dataset& dataset, const char* flag) {
  std::set<std::string> wanted;
  for (const auto& line : split(read_file(file), '\n')) {
    if (!line.empty()) {
      wanted.insert(line);
    }
  }
  std::set<std::string> missing = wanted;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    missing.erase(dataset.name(i));
  }
  NADIR_CHECK(
      missing.empty(),
      "{} {}: there is no image '{}' in the data; names are like '{}'",
      flag,
      file,
      *missing.begin(),
      dataset.name(0));
  return wanted;
}

// Sets aside at most `share` of the training images: whole groups, in the order
// that a hash of their first names gives, that fit into what is still wanted;
// where none does, the first of the smallest.
void set_aside(
    const data::Dataset& dataset,
    const std::vector<int64_t>& group_of,
    double share,
    data::Split split,
    const std::string& purpose,
    std::vector<data::Split>& splits) {
  std::map<int64_t, std::vector<int64_t>> groups;
  int64_t num_free = 0;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (splits[i] == data::Split::kTrain) {
      groups[group_of[i]].push_back(i);
      ++num_free;
    }
  }
  std::vector<std::pair<double, int64_t>> order;
  for (const auto& [group, images] : groups) {
    order.emplace_back(
        data::share_of_name(dataset.name(images[0]), purpose), group);
  }
  std::sort(order.begin(), order.end());
  const auto wanted =
      std::max<int64_t>(1, std::llround(share * static_cast<double>(num_free)));
  const auto take = [&](int64_t group) {
    for (const int64_t image : groups[group]) {
      splits[image] = split;
    }
    return static_cast<int64_t>(groups[group].size());
  };
  int64_t num_taken = 0;
  for (const auto& [place, group] : order) {
    if (num_taken + static_cast<int64_t>(groups[group].size()) <= wanted) {
      num_taken += take(group);
    }
  }
  if (num_taken == 0 && !order.empty()) {
    const auto smallest = std::min_element(
        order.begin(), order.end(), [&](const auto& a, const auto& b) {
          return groups[a.second].size() < groups[b.second].size();
        });
    take(smallest->second);
  }
}

void check_share(double share, const char* key) {
  NADIR_CHECK(
      share > 0 && share < 1,
      "{} must lie between 0 and 1, got {}",
      key,
      share);
}

// Gives the images that the file names to `split`.
void mark_names(
    const std::string& file,
    const char* flag,
    data::Split split,
    const data::Dataset& dataset,
    std::vector<data::Split>& splits) {
  const auto names = read_names(file, dataset, flag);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (names.contains(dataset.name(i))) {
      NADIR_CHECK(
          splits[i] == data::Split::kTrain,
          "'{}' stands in --val-names and in --test-names",
          dataset.name(i));
      splits[i] = split;
    }
  }
}

}  // namespace

SegmentSplit split_images(
    const SegmentDataConfig& config, const data::Dataset& dataset) {
  check_share(config.val_share, "val_share");
  check_share(config.test_share, "test_share");
  SegmentSplit division;
  auto& splits = division.splits;
  splits.assign(dataset.size(), data::Split::kTrain);
  bool has_test = !config.test_names.empty();
  bool has_validation = !config.val_names.empty();
  division.selected_on = fmt::format("images of {}", config.val_names);
  if (has_test) {
    mark_names(
        config.test_names, "--test-names", data::Split::kTest, dataset, splits);
  }
  if (has_validation) {
    mark_names(
        config.val_names,
        "--val-names",
        data::Split::kValidation,
        dataset,
        splits);
  }
  if (!has_test && !has_validation) {
    for (int64_t i = 0; i < dataset.size(); ++i) {
      const auto split =
          data::parse_split(dataset.split(i)).value_or(data::Split::kTrain);
      splits[i] = split;
      has_test = has_test || split == data::Split::kTest;
      has_validation = has_validation || split == data::Split::kValidation;
    }
    division.selected_on = "validation images of the data";
  }
  if (has_test && has_validation) {
    return division;
  }
  const auto groups = place_groups(dataset);
  if (!has_test) {
    set_aside(
        dataset,
        groups,
        config.test_share,
        data::Split::kTest,
        fmt::format("segment test {}", config.split_seed),
        splits);
  }
  if (!has_validation) {
    set_aside(
        dataset,
        groups,
        config.val_share,
        data::Split::kValidation,
        fmt::format("segment validation {}", config.split_seed),
        splits);
    division.selected_on =
        fmt::format("{:g} of the training images, by place", config.val_share);
  }
  return division;
}

}  // namespace nadir::eval
