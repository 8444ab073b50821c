#include "report/score_drawings.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "core/ceil_div.h"
#include "report/html.h"

namespace nadir::report {
namespace {

constexpr double kLabelRoom = 250;  // left of bars and of maps
constexpr size_t kLabelLetters = 40;

std::vector<LegendEntry> row_legend(const EvalTable& table) {
  std::vector<LegendEntry> legend;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    legend.push_back({table.rows[r].label(), static_cast<int>(r), 0});
  }
  return legend;
}

std::string text_svg(
    const char* kind,
    double x,
    double y,
    const char* anchor,
    const std::string& text) {
  return fmt::format(
      "<text class='{}' x='{:.1f}' y='{:.1f}' text-anchor='{}'>{}</text>\n",
      kind,
      x,
      y,
      anchor,
      escape_html(text));
}

// The name, and the whole of it for who points there.
std::string name_svg(
    double x,
    double y,
    const char* anchor,
    const std::string& name,
    size_t length) {
  return fmt::format(
      "<text class='label' x='{:.1f}' y='{:.1f}' text-anchor='{}'>{}"
      "<title>{}</title></text>\n",
      x,
      y,
      anchor,
      escape_html(shortened(name, length)),
      escape_html(name));
}

const ClassScore* find_class(const EvalRow& row, const std::string& name) {
  const auto found = std::find_if(
      row.per_class.begin(), row.per_class.end(), [&](const auto& score) {
        return score.name == name;
      });
  return found == row.per_class.end() ? nullptr : &*found;
}

// One class's plot of pr_panels(), its upper left corner at 0, 0.
struct Panel {
  static constexpr double kSide = 118;
  static constexpr double kWidth = 160;
  static constexpr double kHeight = 164;
  static constexpr double kLeft = 30;
  static constexpr double kTop = 22;

  static double column(double recall) { return kLeft + kSide * recall; }

  static double row(double precision) { return kTop + kSide * (1 - precision); }
};

std::string panel_axes() {
  std::string svg;
  for (const double tick : {0.0, 0.5, 1.0}) {
    svg += fmt::format(
        "<path class='gridline' d='M{:.1f} {:.1f}H{:.1f}M{:.1f} "
        "{:.1f}V{:.1f}'/>"
        "\n",
        Panel::column(0),
        Panel::row(tick),
        Panel::column(1),
        Panel::column(tick),
        Panel::row(0),
        Panel::row(1));
    const auto label = fmt::format("{:g}", tick);
    svg += text_svg(
        "tick", Panel::column(0) - 5, Panel::row(tick) + 4, "end", label);
    svg += text_svg(
        "tick", Panel::column(tick), Panel::row(0) + 14, "middle", label);
  }
  return svg;
}

std::string pr_line(
    const std::vector<std::pair<double, double>>& curve, int color) {
  std::string path;
  for (const auto& [recall, precision] : curve) {
    path += fmt::format(
        "{}{:.1f} {:.1f}",
        path.empty() ? "M" : "L",
        Panel::column(recall),
        Panel::row(precision));
  }
  // A class with one point would be invisible.
  const std::string dot =
      curve.size() > 1
          ? ""
          : fmt::format(
                "<circle class='marker c{}' cx='{:.1f}' cy='{:.1f}' r='2'/>",
                color % kNumColors,
                Panel::column(curve[0].first),
                Panel::row(curve[0].second));
  return fmt::format(
      "<path class='line c{}' d='{}'/>{}\n", color % kNumColors, path, dot);
}

}  // namespace

std::string shortened(const std::string& text, size_t length) {
  size_t letters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && ++letters > length) {
      return text.substr(0, i) + "…";
    }
  }
  return text;
}

Drawing class_bars(const EvalTable& table) {
  constexpr double kBar = 8;
  constexpr double kGroupGap = 9;
  constexpr double kPlot = 400;
  constexpr double kTop = 10;
  const auto classes = table.classes();
  const auto group_px =
      kBar * static_cast<double>(table.rows.size()) + kGroupGap;
  Drawing drawing;
  if (classes.empty()) {
    return drawing;
  }
  drawing.title =
      fmt::format("{} by class: {}", table.class_score_name(), table.title());
  drawing.title[0] = static_cast<char>(
      std::toupper(static_cast<unsigned char>(drawing.title[0])));
  drawing.width = kLabelRoom + kPlot + 60;
  const double bottom = kTop + group_px * static_cast<double>(classes.size());
  drawing.height = bottom + 40;
  drawing.legend = row_legend(table);
  auto& svg = drawing.svg;
  for (int tick = 0; tick <= 100; tick += 20) {
    const double x = kLabelRoom + kPlot * tick / 100;
    svg += fmt::format(
        "<path class='gridline' d='M{:.1f} {:.1f}V{:.1f}'/>\n",
        x,
        kTop,
        bottom);
    svg += text_svg("tick", x, bottom + 16, "middle", fmt::format("{}%", tick));
  }
  for (size_t c = 0; c < classes.size(); ++c) {
    const double top = kTop + group_px * static_cast<double>(c) + kGroupGap / 2;
    const double middle = top + (group_px - kGroupGap) / 2;
    svg += name_svg(
        kLabelRoom - 8, middle + 4, "end", classes[c].name, kLabelLetters);
    for (size_t r = 0; r < table.rows.size(); ++r) {
      const auto& row = table.rows[r];
      const double score = table.class_score(row, classes[c].name);
      const double y = top + kBar * static_cast<double>(r);
      if (!std::isfinite(score)) {
        continue;
      }
      const double width = kPlot * std::clamp(score, 0.0, 1.0);
      svg += fmt::format(
          "<rect class='fill c{}' x='{:.1f}' y='{:.1f}' width='{:.1f}' "
          "height='{:.1f}'/>\n",
          r % kNumColors,
          kLabelRoom,
          y,
          width,
          kBar - 1);
      if (!row.is_baseline()) {
        svg += text_svg(
            "cell",
            kLabelRoom + width + 4,
            y + kBar - 1,
            "start",
            fmt::format("{:.1f}", 100 * score));
      }
    }
  }
  return drawing;
}

Drawing pr_panels(const EvalTable& table) {
  constexpr size_t kColumns = 4;
  Drawing drawing;
  std::vector<std::string> names;
  for (const auto& entry : table.classes()) {
    const bool has_curve =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
          const auto* score = find_class(row, entry.name);
          return score != nullptr && !score->pr_curve.empty();
        });
    if (has_curve) {
      names.push_back(entry.name);
    }
  }
  if (names.empty()) {
    return drawing;
  }
  drawing.title = fmt::format("Precision over recall: {}", table.title());
  drawing.legend = row_legend(table);
  const size_t columns = std::min(kColumns, names.size());
  const size_t lines = ceil_div(names.size(), columns);
  drawing.width = Panel::kWidth * static_cast<double>(columns) + 10;
  drawing.height = Panel::kHeight * static_cast<double>(lines) + 6;
  for (size_t i = 0; i < names.size(); ++i) {
    drawing.svg += fmt::format(
        "<g transform='translate({:.1f} {:.1f})'>\n",
        Panel::kWidth * static_cast<double>(i % columns),
        Panel::kHeight * static_cast<double>(i / columns));
    drawing.svg += panel_axes();
    drawing.svg += name_svg(Panel::kLeft, 15, "start", names[i], 20);
    for (size_t r = 0; r < table.rows.size(); ++r) {
      const auto* score = find_class(table.rows[r], names[i]);
      if (score != nullptr && !score->pr_curve.empty()) {
        drawing.svg += pr_line(score->pr_curve, static_cast<int>(r));
      }
    }
    drawing.svg += "</g>\n";
  }
  return drawing;
}

Drawing confusion_map(const EvalTable& table, const EvalRow& row) {
  constexpr size_t kWrittenClasses = 24;  // more make cells too small for text
  Drawing drawing;
  const size_t count = row.confusion.size();
  const bool is_square = std::all_of(
      row.confusion.begin(), row.confusion.end(), [&](const auto& line) {
        return line.size() == count;
      });
  if (count == 0 || !is_square || row.per_class.size() != count) {
    return drawing;
  }
  const double cell = count <= kWrittenClasses ? 26 : 14;
  constexpr double kTop = 22;
  const char* things = table.task == "segmentation" ? "pixels" : "images";
  drawing.title = fmt::format(
      "What {} of each class were taken for, in percent: {}, {}",
      things,
      table.title(),
      row.label());
  const double side = cell * static_cast<double>(count);
  drawing.width = kLabelRoom + side + 12;
  drawing.height = kTop + side + 26;
  auto& svg = drawing.svg;
  for (size_t c = 0; c < count; ++c) {
    const double y = kTop + cell * static_cast<double>(c);
    const auto number = fmt::format("{}", c + 1);
    const double middle = cell * (static_cast<double>(c) + 0.5);
    svg += name_svg(
        kLabelRoom - 8,
        y + cell / 2 + 4,
        "end",
        row.per_class[c].name + "  " + number,
        kLabelLetters);
    svg += text_svg("tick", kLabelRoom + middle, kTop - 7, "middle", number);
    // Classes without images have an empty line. Where labels are many, an
    // image can count in several cells: shares are of the class's images.
    const double support = table.task == "segmentation"
                               ? row.per_class[c].num_pixels
                               : row.per_class[c].num_positives;
    for (size_t p = 0; p < count; ++p) {
      const double share =
          support > 0 ? std::clamp(row.confusion[c][p] / support, 0.0, 1.0) : 0;
      const double x = kLabelRoom + cell * static_cast<double>(p);
      svg += fmt::format(
          "<rect class='heat' fill-opacity='{:.3f}' x='{:.1f}' y='{:.1f}' "
          "width='{:.1f}' height='{:.1f}'/>\n",
          share,
          x,
          y,
          cell,
          cell);
      if (count <= kWrittenClasses && share >= 0.005) {
        svg += text_svg(
            share > 0.55 ? "cell on" : "cell",
            x + cell / 2,
            y + cell / 2 + 3.5,
            "middle",
            fmt::format("{:.0f}", 100 * share));
      }
    }
  }
  svg += fmt::format(
      "<rect class='frame' x='{:.1f}' y='{:.1f}' width='{:.1f}' "
      "height='{:.1f}'/>\n",
      kLabelRoom,
      kTop,
      side,
      side);
  svg += text_svg(
      "tick",
      kLabelRoom + side,
      kTop + side + 18,
      "end",
      "line: the truth, column: the prediction");
  return drawing;
}

}  // namespace nadir::report
