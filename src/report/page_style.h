// The style sheet and the small script of a report's page. The page reads
// whole without the script, which only shows values under the pointer.
#pragma once

#include <string_view>

namespace nadir::report {

[[nodiscard]] std::string_view page_css();
[[nodiscard]] std::string_view page_script();

}  // namespace nadir::report
