// What was built, for --version, provenance and reports.
#pragma once

namespace nadir {

[[nodiscard]] const char* version();     // "0.1.0"
[[nodiscard]] const char* commit();      // "1a2b3c4d5", "-dirty" if changed
[[nodiscard]] const char* build_type();  // "Release"

}  // namespace nadir
