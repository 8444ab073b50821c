#include "launch/error_file.h"

#include <ctime>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "support/variables.h"

namespace nadir::launch {
namespace {

TEST(ErrorFile, HasTheFormOfTorch) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "attempt_0" / "1" / "error.json";
  const auto before = std::time(nullptr);
  write_error_file(
      environment_with({{"TORCHELASTIC_ERROR_FILE", path.string()}}),
      "out_dim must be >= 1, \"0\" is not");
  const auto json = parse_json(read_file(path));
  const auto& message = json.at("message");
  EXPECT_EQ(message.at("message"), "out_dim must be >= 1, \"0\" is not");
  const auto& extra = message.at("extraInfo");
  EXPECT_EQ(extra.at("py_callstack"), message.at("message"));
  EXPECT_GE(std::stoll(extra.at("timestamp").get<std::string>()), before);
}

TEST(ErrorFile, NeverAddsAFailureToAFailure) {
  write_error_file(environment_with({}), "nobody asked");
  write_error_file(
      environment_with({{"TORCHELASTIC_ERROR_FILE", "/proc/none/error.json"}}),
      "cannot be written");
}

}  // namespace
}  // namespace nadir::launch
