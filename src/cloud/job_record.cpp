#include "cloud/job_record.h"

#include <nlohmann/json.hpp>

#include "cloud/job_name.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::cloud {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersion = 1;
constexpr int kIndent = 2;

}  // namespace

JobRecords::JobRecords(fs::path folder) : folder_(std::move(folder)) {}

fs::path JobRecords::default_folder(const Environment& environment) {
  if (const auto state = environment("XDG_STATE_HOME")) {
    return fs::path(*state) / "nadir" / "jobs";
  }
  const auto home = environment("HOME");
  NADIR_CHECK(
      home.has_value(),
      "neither XDG_STATE_HOME nor HOME is set; jobs are remembered below them");
  return fs::path(*home) / ".local" / "state" / "nadir" / "jobs";
}

fs::path JobRecords::record_path(const std::string& name) const {
  check_job_name(name, "the job's name");
  return folder_ / (name + ".json");
}

fs::path JobRecords::positions_path(const std::string& name) const {
  check_job_name(name, "the job's name");
  return folder_ / (name + ".logs.json");
}

void JobRecords::write(const JobRecord& record) const {
  const json text = {
      {"version", kVersion},
      {"name", record.name},
      {"task", record.task},
      {"kind", kind_name(record.kind)},
      {"region", record.region},
      {"output_uri", record.output_uri},
      {"checkpoint_uri", record.checkpoint_uri},
      {"model_name", record.model_name},
      {"prefixes", record.prefixes}};
  write_file(record_path(record.name), json_text(text, kIndent) + "\n");
}

std::optional<JobRecord> JobRecords::read(const std::string& name) const {
  const fs::path path = record_path(name);
  if (!fs::exists(path)) {
    return std::nullopt;
  }
  const json text = parse_json_or_discard(read_file(path));
  try {
    JobRecord record;
    record.name = text.at("name").get<std::string>();
    record.task = text.at("task").get<std::string>();
    record.kind = parse_kind(text.at("kind").get<std::string>());
    record.region = text.at("region").get<std::string>();
    record.output_uri = text.at("output_uri").get<std::string>();
    record.checkpoint_uri = text.at("checkpoint_uri").get<std::string>();
    record.model_name = text.at("model_name").get<std::string>();
    record.prefixes = text.at("prefixes").get<std::vector<std::string>>();
    return record;
  } catch (const std::exception&) {  // the library's, and parse_kind()'s
    fail(
        ErrorCode::kCorruptData,
        "{} is damaged: it should say what the job made; remove it, and nadir "
        "asks SageMaker instead",
        path.string());
  }
}

void JobRecords::remove(const std::string& name) const {
  fs::remove(record_path(name));
  fs::remove(positions_path(name));
}

void JobRecords::write_positions(
    const std::string& name, const LogPositions& positions) const {
  json streams = json::object();
  for (const auto& [stream, position] : positions) {
    streams[stream] = {position.time_ms, position.count};
  }
  write_file(positions_path(name), json_text(streams) + "\n");
}

LogPositions JobRecords::read_positions(const std::string& name) const {
  const fs::path path = positions_path(name);
  if (!fs::exists(path)) {
    return {};
  }
  LogPositions positions;
  try {
    const json streams = parse_json(read_file(path));
    for (const auto& [stream, one] : streams.items()) {
      positions[stream] = {one.at(0).get<int64_t>(), one.at(1).get<int64_t>()};
    }
  } catch (const json::exception&) {
    return {};
  }
  return positions;
}

}  // namespace nadir::cloud
