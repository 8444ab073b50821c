// All charts and pictures of a report as files: docs/formats/figures.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/run.h"

namespace nadir::report {

struct Figure {
  std::string file;   // its name: "loss.svg"
  std::string bytes;  // SVG or PNG
};

// Everything that html_report() shows: charts of all runs together, then each
// run's drawings of its evaluations, and its pictures. Of several runs these
// begin with the run's name.
[[nodiscard]] std::vector<Figure> report_figures(const std::vector<Run>& runs);

// Throws Error{kInvalidArgument} where `folder` is a file, or where a figure is
// there already and `overwrites` is false; Error{kIo} where it cannot be
// written to. To be asked before other work is done.
void check_figures(
    const std::vector<Figure>& figures,
    const std::filesystem::path& folder,
    bool overwrites);

// Writes all; makes the folder.
void write_figures(
    const std::vector<Figure>& figures, const std::filesystem::path& folder);

}  // namespace nadir::report
