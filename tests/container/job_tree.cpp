#include "container/job_tree.h"

#include "core/json.h"
#include "support/variables.h"

namespace nadir::container {

namespace fs = std::filesystem;

JobTree::JobTree() {
  set_hosts({"algo-1"}, "algo-1");
}

fs::path JobTree::add_channel(
    const std::string& name, const nlohmann::json& settings) {
  channels_[name] =
      settings.is_null()
          ? nlohmann::json{{"TrainingInputMode", "File"},
                           {"S3DistributionType", "FullyReplicated"},
                           {"RecordWrapperType", "None"}}
          : settings;
  write("inputdataconfig.json", channels_);
  const auto folder = base() / "input/data" / name;
  make_folder(folder);
  return folder;
}

void JobTree::set_hyperparameters(const nlohmann::json& values) {
  write("hyperparameters.json", values);
}

void JobTree::set_hosts(
    const std::vector<std::string>& hosts, const std::string& current) {
  write(
      "resourceconfig.json",
      {{"hosts", hosts},
       {"current_host", current},
       {"network_interface_name", "eth0"}});
}

fs::path JobTree::touch(const std::string& path) {
  write_file(base() / path, "");
  return base() / path;
}

TrainingJob JobTree::read(
    std::map<std::string, std::string> variables, int64_t num_gpus) const {
  variables["SAGEMAKER_BASE_DIR"] = base().string();
  return read_training_job(environment_with(variables), num_gpus);
}

void JobTree::write(const std::string& name, const nlohmann::json& json) {
  write_file(base() / "input/config" / name, json_text(json));
}

}  // namespace nadir::container
