// `nadir doctor`: what this machine has, what nadir found, and what to mend.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/version.h>

#include "cli/commands.h"
#include "cli/doctor_aws.h"
#include "core/config.h"
#include "core/cpu.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/version.h"
#include "data/library_versions.h"
#include "data/official_lists.h"
#include "kernels/isa.h"
#include "model/device.h"
#include "raster/geotiff.h"
#include "raster/projection.h"
#include "table/parquet.h"

namespace nadir::cli {
namespace {

constexpr int64_t kWantedMemoryBytes = int64_t{4} << 30;
constexpr int64_t kWantedDiskBytes = int64_t{2} << 30;

Finding cpu_finding(const CpuInfo& cpu) {
  Finding finding{
      "processor",
      fmt::format("{}, {} threads", cpu.model, cpu.num_threads),
      ""};
  const bool has_avx2 =
      std::find(cpu.features.begin(), cpu.features.end(), "avx2") !=
      cpu.features.end();
  if (!has_avx2) {
    finding.advice = "no AVX2: everything works, several times slower";
  }
  return finding;
}

// "NVIDIA H100 80GB HBM3" of each GPU that the driver lists.
std::vector<std::string> gpu_models() {
  std::vector<std::string> models;
  std::error_code error;
  for (const auto& gpu :
       std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    std::ifstream file(gpu.path() / "information");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Model:")) {
        models.push_back(line.substr(line.find_first_not_of(" \t", 6)));
      }
    }
  }
  return models;
}

Finding gpu_finding() {
  const auto models = gpu_models();
  try {
    (void)model::open_device("cuda");
    return {"GPU", models.empty() ? "CUDA" : join(models, ", "), ""};
  } catch (const Error& error) {
    if (models.empty()) {
      return {"GPU", "none that an NVIDIA driver lists; the CPU is used", ""};
    }
    return {"GPU", join(models, ", ") + ", not usable", error.what()};
  }
}

Finding disk_finding() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  if (error) {
    return {"disk here", "unknown", error.message()};
  }
  return {
      "disk here",
      format_bytes(static_cast<double>(space.available)) + " free",
      space.available < kWantedDiskBytes
          ? "checkpoints and shards need room; 2 GiB are little"
          : ""};
}

Finding memory_finding(const CpuInfo& cpu) {
  return {
      "memory",
      fmt::format(
          "{}, {} available",
          format_bytes(static_cast<double>(cpu.memory_bytes)),
          format_bytes(static_cast<double>(cpu.available_bytes))),
      cpu.memory_bytes < kWantedMemoryBytes
          ? "below 4 GiB: use a small network and batch_size_per_gpu 8"
          : ""};
}

Finding lists_finding() {
  try {
    return {"BigEarthNet lists", data::find_lists("", ".").string(), ""};
  } catch (const Error& error) {
    return {"BigEarthNet lists", "not found", error.what()};
  }
}

Finding kernels_finding() {
  const auto levels = kernels::available_isas();
  const std::string used = kernels::isa_name();
  return {
      "kernels",
      used,
      used == levels.front()
          ? ""
          : "NADIR_MAX_ISA holds them back; this processor could do " +
                levels.front()};
}

// PROJ without its database knows no projection by its number.
Finding proj_finding() {
  try {
    const raster::Transformer transformer(raster::kIndexCrs, "EPSG:4326");
    return {"PROJ", raster::proj_version(), ""};
  } catch (const Error& error) {
    return {
        "PROJ",
        raster::proj_version() + ", without its database",
        fmt::format(
            "point PROJ_DATA (PROJ_LIB before version 9.1) at the folder of "
            "proj.db; footprints need it ({})",
            error.what())};
  }
}

std::vector<Finding> library_findings() {
  std::vector<Finding> findings = {
      {"LibTorch",
       fmt::format("{}, {}", TORCH_VERSION, model::libtorch_folder().string()),
       ""},
      {"GDAL", raster::gdal_version(), ""},
      proj_finding(),
      {"Arrow", table::arrow_version(), ""}};
  for (const auto& [name, text] : data::library_versions()) {
    findings.push_back({name, text, ""});
  }
  return findings;
}

std::vector<Finding> examine(bool asks_aws) {
  const CpuInfo cpu = read_cpu_info();
  std::vector<Finding> findings = {
      {"nadir",
       fmt::format("{}, commit {}, {}", version(), commit(), build_type()),
       ""},
      cpu_finding(cpu),
      {"features", join(cpu.features, " "), ""},
      kernels_finding(),
      memory_finding(cpu),
      disk_finding(),
      gpu_finding()};
  for (auto& finding : library_findings()) {
    findings.push_back(std::move(finding));
  }
  findings.push_back(lists_finding());
  for (auto& finding : aws_findings(asks_aws, process_environment())) {
    findings.push_back(std::move(finding));
  }
  return findings;
}

void print_findings(const std::vector<Finding>& findings) {
  for (const auto& finding : findings) {
    std::printf("%-18s %s\n", finding.name.c_str(), finding.value.c_str());
  }
  std::printf("\n");
  bool is_first = true;
  for (const auto& finding : findings) {
    if (finding.advice.empty()) {
      continue;
    }
    std::printf("%s", is_first ? "To know, or to mend:\n" : "");
    is_first = false;
    std::printf("- %s: %s\n", finding.name.c_str(), finding.advice.c_str());
  }
  if (is_first) {
    std::printf("Nothing to mend.\n");
  }
}

}  // namespace

void add_doctor(Command parent) {
  auto command = parent.add_command(
      "doctor", "Print what this machine has, what was found, what to mend.");
  const auto asks_aws = std::make_shared<bool>(false);
  command.add_flag(
      "--aws",
      *asks_aws,
      "Also ask AWS, over the network, whose account the keys are.");
  const auto as_json = command.add_json_flag();
  command.set_example("nadir doctor --aws");
  command.on_run([as_json, asks_aws] {
    const auto findings = examine(*asks_aws);
    if (!*as_json) {
      print_findings(findings);
      return;
    }
    nlohmann::json json = nlohmann::json::array();
    for (const auto& finding : findings) {
      json.push_back(
          {{"name", finding.name},
           {"value", finding.value},
           {"advice", finding.advice}});
    }
    print_json(json);
  });
}

}  // namespace nadir::cli
