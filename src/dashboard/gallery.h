// Lists of images to look at, and what is said of one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dashboard/catalog.h"
#include "dashboard/predictions.h"
#include "dashboard/query.h"

namespace nadir::dashboard {

// Both must outlive it; `predictions` may be null. From any thread.
class Gallery {
 public:
  Gallery(const Catalog& catalog, const Predictions* predictions)
      : catalog_(catalog), predictions_(predictions) {}

  // Name, labels, and where there are predictions labels predicted and error.
  [[nodiscard]] nlohmann::ordered_json image(int64_t id) const;

  // The same with facts, footprint and probabilities.
  [[nodiscard]] nlohmann::ordered_json details(int64_t id) const;

  // {"total", "images"} of those that `query` asks for: class, split, country,
  // season, text in the name, missed or wrong class, sort=order or worst,
  // offset and limit. Throws Error{kInvalidArgument} or Error{kNotFound}.
  [[nodiscard]] nlohmann::ordered_json list(const Query& query) const;

 private:
  [[nodiscard]] std::vector<int64_t> chosen(const Query& query) const;
  void sort_worst(std::vector<int64_t>& ids) const;
  [[nodiscard]] std::vector<int64_t> confused(
      const std::string& class_name, bool is_missed) const;

  const Catalog& catalog_;
  const Predictions* predictions_;
};

}  // namespace nadir::dashboard
