#include "launch/error_file.h"

#include <ctime>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::launch {

void write_error_file(
    const Environment& environment, const std::string& message) noexcept {
  try {
    const auto path = environment("TORCHELASTIC_ERROR_FILE");
    if (!path) {
      return;
    }
    // torchrun shows the call stack where there is one; ours is the message.
    const nlohmann::json error = {
        {"message", message},
        {"extraInfo",
         {{"py_callstack", message},
          {"timestamp", std::to_string(std::time(nullptr))}}}};
    write_file(*path, json_text(nlohmann::json{{"message", error}}));
  } catch (const std::exception& error) {
    log_warning("launch", "TORCHELASTIC_ERROR_FILE: {}", error.what());
  }
}

}  // namespace nadir::launch
