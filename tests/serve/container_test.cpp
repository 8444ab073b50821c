#include "serve/container.h"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::serve {
namespace {

Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](
             const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Container, IsKnownByItsModelFolder) {
  const TemporaryFolder folder;
  const auto environment =
      environment_of({{"SAGEMAKER_BASE_DIR", folder.path().string()}});
  EXPECT_FALSE(container_model_folder(environment).has_value());
  make_folder(folder.path() / "model");
  EXPECT_EQ(container_model_folder(environment), folder.path() / "model");
}

TEST(Container, ObeysThePlatformsVariables) {
  ServeConfig config;
  apply_container(
      environment_of(
          {{"SAGEMAKER_BATCH", "true"},
           {"SAGEMAKER_BIND_TO_PORT", "9000"},
           {"SAGEMAKER_SAFE_PORT_RANGE", "9001-9010"},
           {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "1"},
           {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "90"},
           {"SAGEMAKER_BATCH_STRATEGY", "SingleRecord"}}),
      config);
  EXPECT_EQ(config.host, "0.0.0.0");
  EXPECT_EQ(config.port, 9000);
  EXPECT_EQ(config.max_payload_mb, 1);
  EXPECT_EQ(config.max_in_flight, 90);
  EXPECT_EQ(
      parse_json(execution_parameters(config)),
      parse_json("{\"MaxConcurrentTransforms\": 90, \"BatchStrategy\": "
                 "\"SINGLE_RECORD\", \"MaxPayloadInMB\": 1}"));
  EXPECT_NO_THROW(check_config(config, true));
}

TEST(Container, StaysWithinThePlatformsLimitByItself) {
  ServeConfig config;
  apply_container(
      environment_of({{"SAGEMAKER_MAX_PAYLOAD_IN_MB", "0"}}), config);
  const auto json = parse_json(execution_parameters(config));
  EXPECT_EQ(json["MaxPayloadInMB"], 100);
  EXPECT_EQ(json["MaxConcurrentTransforms"], 1);
  EXPECT_EQ(parse_json(execution_parameters({}))["MaxConcurrentTransforms"], 8);
}

TEST(Container, RefusesVariablesThatSaySomethingElse) {
  ServeConfig config;
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"SAGEMAKER_BIND_TO_PORT", "http"},
           {"SAGEMAKER_BIND_TO_PORT", "0"},
           {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"},
           {"SAGEMAKER_BATCH_STRATEGY", "sometimes"}}) {
    try {
      apply_container(environment_of({{name, value}}), config);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
    }
  }
}

TEST(Container, FindsWeightsAndProbeInAModelFolder) {
  const TemporaryFolder folder;
  const auto& root = folder.path();
  EXPECT_THROW((void)find_model_files(root), Error);
  write_file(root / "out" / "model.safetensors", "");
  write_file(root / "out" / "config.json", "{}");
  // A lone folder, as an archive may hold one.
  EXPECT_EQ(find_model_files(root).weights, root / "out" / "model.safetensors");
  EXPECT_EQ(find_model_files(root).probe, "");
  write_file(root / "out" / "probe.safetensors", "");
  write_file(root / "out" / "probe.json", "{}");
  EXPECT_EQ(find_model_files(root).probe, root / "out" / "probe.json");
  write_file(root / "out" / "other.pth", "");
  EXPECT_THROW((void)find_model_files(root), Error);
  make_folder(root / "run" / "checkpoints");
  write_file(root / "run" / "eval" / "linear" / "probe.json", "{}");
  EXPECT_EQ(find_model_files(root / "run").weights, root / "run");
  EXPECT_EQ(
      find_model_files(root / "run").probe,
      root / "run" / "eval" / "linear" / "probe.json");
}

TEST(ServeConfig, WantsATokenWhereOthersMayConnect) {
  ServeConfig config;
  EXPECT_NO_THROW(check_config(config, false));
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example"}) {
    config.host = host;
    EXPECT_THROW(check_config(config, false), Error) << host;
  }
  EXPECT_NO_THROW(check_config(config, true));
  config.token = "short";
  EXPECT_THROW(check_config(config, false), Error);
  config.token = "0123456789abcdef";
  EXPECT_NO_THROW(check_config(config, false));
  config.batch_size = 0;
  EXPECT_THROW(check_config(config, false), Error);
}

}  // namespace
}  // namespace nadir::serve
