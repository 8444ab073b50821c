#include "report/figures.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "report/charts_section.h"
#include "report/figure.h"
#include "report/score_drawings.h"

namespace nadir::report {
namespace {

namespace fs = std::filesystem;

// Letters, digits, dots and dashes of a name; others become dashes.
std::string file_part(const std::string& name) {
  std::string part = name;
  for (char& letter : part) {
    const bool is_plain =
        std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
        letter == '.' || letter == '_';
    letter = is_plain ? letter : '-';
  }
  const size_t begin = part.find_first_not_of(".-");
  return begin == std::string::npos ? "run" : part.substr(begin);
}

void add_drawing(
    const std::string& name,
    const Drawing& drawing,
    std::vector<Figure>& figures) {
  if (!drawing.empty()) {
    figures.push_back({name + ".svg", figure_svg(drawing)});
  }
}

void add_table(
    const std::string& prefix,
    const EvalTable& table,
    std::vector<Figure>& figures) {
  const auto name = prefix + file_part(fs::path(table.file).stem().string());
  add_drawing(name + "-classes", class_bars(table), figures);
  add_drawing(name + "-pr", pr_panels(table), figures);
  for (const auto& row : table.rows) {
    if (row.is_baseline() || (row.head.empty() && &row != table.tested())) {
      continue;
    }
    add_drawing(
        name + "-confusion" + (row.head.empty() ? "" : "-" + row.head),
        confusion_map(table, row),
        figures);
  }
}

// Runs whose names make one file name are told apart by numbers.
void number_equal_names(std::vector<Figure>& figures) {
  std::set<std::string> taken;
  for (auto& figure : figures) {
    const fs::path path = figure.file;
    for (int n = 2; !taken.insert(figure.file).second; ++n) {
      figure.file = path.stem().string() + "-" + std::to_string(n) +
                    path.extension().string();
    }
  }
}

}  // namespace

std::vector<Figure> report_figures(const std::vector<Run>& runs) {
  std::vector<Figure> figures;
  for (const auto& chart : report_charts(runs)) {
    add_drawing(chart.name, draw_chart(chart), figures);
  }
  for (const auto& run : runs) {
    const auto prefix = runs.size() > 1 ? file_part(run.name) + "-" : "";
    for (const auto& table : run.tables) {
      add_table(prefix, table, figures);
    }
    for (const auto& picture : run.pictures) {
      figures.push_back(
          {prefix + file_part(picture.name) + ".png", picture.png});
    }
  }
  number_equal_names(figures);
  return figures;
}

void check_figures(
    const std::vector<Figure>& figures,
    const fs::path& folder,
    bool overwrites) {
  NADIR_CHECK(
      !fs::exists(folder) || fs::is_directory(folder),
      "figures: {} is a file; name a folder",
      folder.string());
  for (const auto& figure : figures) {
    const auto path = folder / figure.file;
    NADIR_CHECK(
        overwrites || !fs::exists(path),
        "figures: {} is there already; choose another folder, or give "
        "--overwrite",
        path.string());
    check_writable_file(path);
  }
}

void write_figures(const std::vector<Figure>& figures, const fs::path& folder) {
  make_folder(folder);
  for (const auto& figure : figures) {
    write_file(folder / figure.file, figure.bytes);
  }
}

}  // namespace nadir::report
