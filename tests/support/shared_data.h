// Real imagery beside the checkout, for tests that skip where it is not.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace nadir {

// The folder of real imagery: NADIR_SHARED_DATA, else ../shared/data of the
// checkout. An empty path where there is none.
[[nodiscard]] inline std::filesystem::path shared_data() {
  const char* named = std::getenv("NADIR_SHARED_DATA");
  const std::filesystem::path folder =
      named != nullptr ? named : NADIR_DEFAULT_SHARED_DATA;
  return std::filesystem::exists(folder) ? folder : std::filesystem::path();
}

}  // namespace nadir
