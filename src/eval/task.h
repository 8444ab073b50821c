// Whether an image carries exactly one class, or any number of them.
#pragma once

#include <string>

namespace nadir::eval {

enum class Task { kSingleLabel, kMultiLabel };

// "single_label", "multi_label". Persistent.
[[nodiscard]] inline std::string to_text(Task task) {
  return task == Task::kSingleLabel ? "single_label" : "multi_label";
}

}  // namespace nadir::eval
