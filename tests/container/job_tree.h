// A container's tree in a temporary folder, as the platform makes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "container/training_job.h"
#include "core/file.h"

namespace nadir::container {

class JobTree {
 public:
  JobTree();

  [[nodiscard]] std::filesystem::path base() const { return folder_.path(); }

  // The folder of a new channel, which inputdataconfig.json has from now on.
  std::filesystem::path add_channel(
      const std::string& name, const nlohmann::json& settings = {});
  void set_hyperparameters(const nlohmann::json& values);
  void set_hosts(
      const std::vector<std::string>& hosts, const std::string& current);
  // Makes an empty file, and the folders above it, below the base.
  std::filesystem::path touch(const std::string& path);

  // The environment has `variables` and the base.
  [[nodiscard]] TrainingJob read(
      std::map<std::string, std::string> variables = {},
      int64_t num_gpus = 0) const;

 private:
  void write(const std::string& name, const nlohmann::json& json);

  TemporaryFolder folder_;
  nlohmann::json channels_ = nlohmann::json::object();
};

}  // namespace nadir::container
