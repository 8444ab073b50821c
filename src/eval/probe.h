// A trained probe on disk: probe.safetensors with weight and bias, probe.json
// with all that using it needs. Format: docs/formats/probe.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/features.h"
#include "eval/linear_probe.h"
#include "eval/task.h"

namespace nadir::eval {

struct Probe {
  LinearHead head;
  FeatureLayout layout;  // what head.columns count in
  Task task = Task::kMultiLabel;
  std::vector<std::string> class_names;
  std::vector<double> thresholds;  // one a class; empty for single-label
  ViewRecipe views;                // the test view
  std::string weights;             // path of the network, as it was given;
                                   // read: beside the probe, if it is there
  std::string checkpoint_key;      // teacher or student, if that was given
  std::string weights_sha256;
};

// What probe.json says.
[[nodiscard]] nlohmann::ordered_json probe_json(const Probe& probe);

// Replaces probe.json and probe.safetensors in `folder`.
void save_probe(const Probe& probe, const std::filesystem::path& folder);

// Reads a folder, the probe.json in it, or the probe of a run folder. Throws
// Error{kNotFound} or Error{kCorruptData}, naming the file and what is wrong.
[[nodiscard]] Probe load_probe(const std::filesystem::path& path);

}  // namespace nadir::eval
