// A drawing as a file of its own, for papers.
#pragma once

#include <string>

#include "report/chart.h"

namespace nadir::report {

// A standalone SVG: title, legend and drawing on white, colours of the light
// theme, generic fonts, nothing from elsewhere. Well-formed XML. "" for an
// empty drawing.
[[nodiscard]] std::string figure_svg(const Drawing& drawing);

}  // namespace nadir::report
