// What tests read in a run folder.
#pragma once

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"

namespace nadir::cli {

// The training records of metrics.jsonl by step; the last of a step counts.
// Times and rates are left out: two runs never share them.
inline std::map<int64_t, nlohmann::json> training_records(
    const std::filesystem::path& run) {
  std::map<int64_t, nlohmann::json> records;
  if (!std::filesystem::exists(run / "metrics.jsonl")) {
    return records;
  }
  std::istringstream lines(read_file(run / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    auto record = parse_json_or_discard(line);
    if (!record.is_object() || !record.contains("loss")) {
      continue;
    }
    for (const char* key :
         {"time_s",
          "images_per_s",
          "data_wait_share",
          "rss_bytes",
          "processors_used"}) {
      record.erase(key);
    }
    // Use of prototypes is over the images since the start of the process.
    record.erase("prototypes_used");
    records[record["step"].get<int64_t>()] = record;
  }
  return records;
}

// How many training records there are, repeated ones counted apart.
inline int64_t num_training_lines(const std::filesystem::path& run) {
  const std::string text = std::filesystem::exists(run / "metrics.jsonl")
                               ? read_file(run / "metrics.jsonl")
                               : "";
  int64_t count = 0;
  for (size_t at = text.find("\"loss\""); at != std::string::npos;
       at = text.find("\"loss\"", at + 1)) {
    ++count;
  }
  return count;
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path));
}

// That `run` finished with the losses of `other`, which one process made.
inline void expect_finished_like(
    const std::filesystem::path& run, const std::filesystem::path& other) {
  const auto expected = training_records(other);
  const auto records = training_records(run);
  ASSERT_EQ(records.size(), expected.size());
  for (const auto& [step, record] : records) {
    EXPECT_NEAR(
        record["loss"].get<double>(),
        expected.at(step)["loss"].get<double>(),
        1e-3)
        << step;
  }
  EXPECT_EQ(read_json(run / "status.json")["state"], "finished");
}

}  // namespace nadir::cli
