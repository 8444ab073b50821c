// Curves as SVG. Colours, fonts and light or dark come from the page's
// style sheet (page_style.h); the picture needs no script.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "report/curve.h"

namespace nadir::report {

// Colours are told apart by people with any kind of colour vision (Okabe and
// Ito, 2008); lines past the sixth colour and quantities of one run also
// differ by their dashes.
inline constexpr int kNumColors = 6;
inline constexpr int kNumDashes = 4;

struct ChartLine {
  std::string label;
  std::vector<CurvePoint> points;
  int color = 0;
  int dash = 0;
};

// A level to compare with, e.g. ln K.
struct ChartRule {
  std::string label;
  double y = 0;
};

// A line of the legend; no colour (-1) means the dashes alone.
struct LegendEntry {
  std::string label;
  int color = 0;
  int dash = 0;
};

struct Chart {
  std::string name;  // of its file, "loss"
  std::string title;
  std::string caption;  // what to look for
  std::string x_label = "step";
  std::vector<ChartLine> lines;
  std::vector<LegendEntry> legend;  // empty: one entry for each line
  std::vector<ChartRule> rules;
  // Fixed ends of the y axis, NaN for the data's own.
  double y_low = std::numeric_limits<double>::quiet_NaN();
  double y_high = std::numeric_limits<double>::quiet_NaN();
  // The y axis spans at least so much: noise must not look like a trend.
  double min_range = 0;
  bool has_whole_x = false;  // no ticks between whole numbers
  bool is_percent = false;   // y is a share, shown times 100
  bool is_small = false;
};

// What stands in a view box of width x height, in the classes of page_style.h.
struct Drawing {
  std::string title;
  double width = 0;
  double height = 0;
  std::vector<LegendEntry> legend;  // empty where one line needs none
  std::string svg;                  // "" where there is nothing to draw

  [[nodiscard]] bool empty() const { return svg.empty(); }
};

// Nothing if no line has points.
[[nodiscard]] Drawing draw_chart(const Chart& chart);

// The drawing with title and legend as an HTML figure; "" for an empty one.
[[nodiscard]] std::string drawing_html(const Drawing& drawing);

// The chart as an HTML figure: title, legend where there are several lines,
// the SVG, caption. A line's neighbours' range is a pale band around it. ""
// if no line has points.
[[nodiscard]] std::string chart_html(const Chart& chart);

}  // namespace nadir::report
