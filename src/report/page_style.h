// The style sheet and the small script of a report's page. The page reads
// whole without the script, which only shows values under the pointer.
#pragma once

#include <string>
#include <string_view>

namespace nadir::report {

[[nodiscard]] std::string page_css();
[[nodiscard]] std::string_view page_script();

// The part of it that drawings need, in the colours of the light theme.
[[nodiscard]] std::string figure_css();

}  // namespace nadir::report
