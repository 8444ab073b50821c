#include "report/chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/axis.h"
#include "report/html.h"

namespace nadir::report {
namespace {

// Units of the view box; the style sheet scales it to the column.
struct Frame {
  double width = 560;
  double height = 300;
  double left = 54;
  double right = 14;
  double top = 12;
  double bottom = 40;
  int num_x_ticks = 6;
  int num_y_ticks = 5;

  [[nodiscard]] double plot_width() const { return width - left - right; }

  [[nodiscard]] double plot_height() const { return height - top - bottom; }
};

constexpr Frame kSmallFrame{360, 200, 54, 12, 10, 38, 4, 4};

// Lines of few points also show the points.
constexpr size_t kMaxMarkers = 40;

// Bands narrower than this share of the axis would only thicken the line.
constexpr double kMinBand = 0.004;

// Room for "ln K = 11.1".
constexpr double kLabelWidth = 90;

// An x axis that begins below this share of its end begins at 0.
constexpr double kNearZero = 0.15;

struct Plot {
  Frame frame;
  Axis x;
  Axis y;
  double y_scale = 1;

  [[nodiscard]] double column(double value) const {
    return frame.left + frame.plot_width() * x.place(value);
  }

  [[nodiscard]] double row(double value) const {
    const double place = std::clamp(y.place(value * y_scale), -0.02, 1.02);
    return frame.top + frame.plot_height() * (1 - place);
  }
};

Plot make_plot(const Chart& chart) {
  Plot plot;
  plot.frame = chart.is_small ? kSmallFrame : Frame{};
  plot.y_scale = chart.is_percent ? 100 : 1;
  double x_low = INFINITY;
  double x_high = -INFINITY;
  double y_low = INFINITY;
  double y_high = -INFINITY;
  for (const auto& line : chart.lines) {
    for (const auto& point : line.points) {
      x_low = std::min(x_low, point.x);
      x_high = std::max(x_high, point.x);
      y_low = std::min(y_low, point.min);
      y_high = std::max(y_high, point.max);
    }
  }
  if (x_low > 0 && x_low < kNearZero * x_high) {
    x_low = 0;  // training begins at 0, its first record a little later
  }
  for (const auto& rule : chart.rules) {
    y_low = std::min(y_low, rule.y);
    y_high = std::max(y_high, rule.y);
  }
  const double lacking = chart.min_range - (y_high - y_low);
  if (lacking > 0) {
    y_low -= std::min(lacking / 2, std::max(y_low, 0.0));
    y_high = std::max(y_high, y_low + chart.min_range);
  }
  const double margin = 0.06 * (y_high - y_low);
  const bool is_positive = y_low >= 0;
  y_low = std::isnan(chart.y_low) ? y_low - margin : chart.y_low;
  y_high = std::isnan(chart.y_high) ? y_high + margin : chart.y_high;
  if (is_positive) {
    y_low = std::max(y_low, 0.0);
  }
  plot.x = make_axis(
      x_low, x_high, plot.frame.num_x_ticks, chart.has_whole_x ? 1 : 0);
  plot.y = make_axis(
      y_low * plot.y_scale, y_high * plot.y_scale, plot.frame.num_y_ticks);
  return plot;
}

std::string axes_svg(const Chart& chart, const Plot& plot) {
  const Frame& frame = plot.frame;
  const double bottom = frame.height - frame.bottom;
  std::string svg;
  for (const double tick : plot.y.ticks) {
    const double row = plot.row(tick / plot.y_scale);
    svg += fmt::format(
        "<path class='gridline' d='M{:.1f} {:.1f}H{:.1f}'/>"
        "<text class='tick' x='{:.1f}' y='{:.1f}' "
        "text-anchor='end'>{}{}</text>\n",
        frame.left,
        row,
        frame.width - frame.right,
        frame.left - 7,
        row + 4,
        plot.y.label(tick),
        chart.is_percent ? "%" : "");
  }
  for (const double tick : plot.x.ticks) {
    svg += fmt::format(
        "<text class='tick' x='{:.1f}' y='{:.1f}' "
        "text-anchor='middle'>{}</text>\n",
        plot.column(tick),
        bottom + 16,
        plot.x.label(tick));
  }
  svg += fmt::format(
      "<path class='axis' d='M{:.1f} {:.1f}H{:.1f}'/>"
      "<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>\n",
      frame.left,
      bottom,
      frame.width - frame.right,
      frame.width - frame.right,
      frame.height - 5,
      escape_html(chart.x_label));
  return svg;
}

// Points of the lines that a rule's label at this place would cover.
int num_covered(
    const Chart& chart, const Plot& plot, double left, double text_row) {
  constexpr double kLabelHeight = 13;
  int count = 0;
  for (const auto& line : chart.lines) {
    for (const auto& point : line.points) {
      const double column = plot.column(point.x);
      const double row = plot.row(point.mean);
      count += column >= left && column <= left + kLabelWidth &&
                       row >= text_row - kLabelHeight && row <= text_row + 3
                   ? 1
                   : 0;
    }
  }
  return count;
}

std::string rules_svg(const Chart& chart, const Plot& plot) {
  std::string svg;
  for (const auto& rule : chart.rules) {
    const double row = plot.row(rule.y);
    const double left = plot.frame.left;
    const double right = plot.frame.width - plot.frame.right;
    const double text_row = row < plot.frame.top + 14 ? row + 14 : row - 5;
    const bool is_left =
        num_covered(chart, plot, left, text_row) <
        num_covered(chart, plot, right - kLabelWidth, text_row);
    svg += fmt::format(
        "<path class='rule' d='M{:.1f} {:.1f}H{:.1f}'/>"
        "<text class='tick rule-label' x='{:.1f}' y='{:.1f}' "
        "text-anchor='{}'>{}"
        "</text>\n",
        left,
        row,
        right,
        is_left ? left + 4 : right,
        text_row,
        is_left ? "start" : "end",
        escape_html(rule.label));
  }
  return svg;
}

// The range of the values behind each point, as a closed shape.
std::string band_svg(const ChartLine& line, const Plot& plot) {
  double widest = 0;
  for (const auto& point : line.points) {
    widest = std::max(widest, point.max - point.min);
  }
  if (widest * plot.y_scale < kMinBand * (plot.y.high - plot.y.low)) {
    return "";
  }
  std::string path;
  for (const auto& point : line.points) {
    path += fmt::format(
        "{}{:.1f} {:.1f}",
        path.empty() ? "M" : "L",
        plot.column(point.x),
        plot.row(point.max));
  }
  for (auto point = line.points.rbegin(); point != line.points.rend();
       ++point) {
    path += fmt::format(
        "L{:.1f} {:.1f}", plot.column(point->x), plot.row(point->min));
  }
  return fmt::format(
      "<path class='band c{}' d='{}Z'/>\n", line.color % kNumColors, path);
}

std::string line_svg(const ChartLine& line, const Plot& plot) {
  std::string path;
  std::string markers;
  for (const auto& point : line.points) {
    const double column = plot.column(point.x);
    const double row = plot.row(point.mean);
    path +=
        fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", column, row);
    if (line.points.size() <= kMaxMarkers) {
      markers += fmt::format(
          "<circle class='marker c{}' cx='{:.1f}' cy='{:.1f}' r='3'/>",
          line.color % kNumColors,
          column,
          row);
    }
  }
  return fmt::format(
      "<path class='line c{} d{}' data-label=\"{}\" d='{}'/>{}\n",
      line.color % kNumColors,
      line.dash % kNumDashes,
      escape_html(line.label),
      path,
      markers);
}

std::string legend_html(const std::vector<LegendEntry>& entries) {
  std::string html = "<div class=legend>";
  for (const auto& entry : entries) {
    html += fmt::format(
        "<span><svg viewBox='0 0 26 8' aria-hidden=true><path class='line {} "
        "d{}' d='M1 4H25'/></svg>{}</span>",
        entry.color < 0 ? std::string("plain")
                        : fmt::format("c{}", entry.color % kNumColors),
        entry.dash % kNumDashes,
        escape_html(entry.label));
  }
  return html + "</div>\n";
}

// The chart without lines that have no points.
Chart drawn_part(const Chart& chart) {
  Chart drawn = chart;
  std::erase_if(
      drawn.lines, [](const ChartLine& line) { return line.points.empty(); });
  return drawn;
}

std::string body_svg(const Chart& chart, const Plot& plot) {
  std::string svg = axes_svg(chart, plot);
  for (const auto& line : chart.lines) {
    svg += band_svg(line, plot);
  }
  svg += rules_svg(chart, plot);
  for (const auto& line : chart.lines) {
    svg += line_svg(line, plot);
  }
  return svg;
}

std::vector<LegendEntry> legend_entries(const Chart& chart) {
  if (!chart.legend.empty() || chart.lines.size() < 2) {
    return chart.lines.size() < 2 ? std::vector<LegendEntry>{} : chart.legend;
  }
  std::vector<LegendEntry> entries;
  for (const auto& line : chart.lines) {
    entries.push_back({line.label, line.color, line.dash});
  }
  return entries;
}

}  // namespace

Drawing draw_chart(const Chart& chart) {
  const Chart drawn = drawn_part(chart);
  if (drawn.lines.empty()) {
    return {};
  }
  const Plot plot = make_plot(drawn);
  return {
      chart.title,
      plot.frame.width,
      plot.frame.height,
      legend_entries(drawn),
      body_svg(drawn, plot)};
}

std::string drawing_html(const Drawing& drawing) {
  if (drawing.empty()) {
    return "";
  }
  return fmt::format(
      "<figure class='card chart drawing'><h3>{0}</h3>\n{1}<div class=scroll>"
      "<svg width='{2:.0f}' height='{3:.0f}' viewBox='0 0 {2:.0f} {3:.0f}' "
      "role=img aria-label=\"{0}\">\n{4}</svg></div></figure>\n",
      escape_html(drawing.title),
      drawing.legend.empty() ? "" : legend_html(drawing.legend),
      drawing.width,
      drawing.height,
      drawing.svg);
}

std::string chart_html(const Chart& chart) {
  const Chart drawn = drawn_part(chart);
  if (drawn.lines.empty()) {
    return "";
  }
  const Plot plot = make_plot(drawn);
  const Frame& frame = plot.frame;
  std::string html = fmt::format(
      "<figure class='card chart{}'><h3>{}</h3>\n",
      chart.is_small ? " small" : "",
      escape_html(chart.title));
  if (drawn.lines.size() > 1) {
    html += legend_html(legend_entries(drawn));
  }
  // The data-* attributes let the page's script turn a place into values.
  html += fmt::format(
      "<svg class=plot viewBox='0 0 {} {}' role=img aria-label=\"{}\" "
      "data-frame='{} {} {} {}' data-x='{:.9g} {:.9g}' data-y='{:.9g} {:.9g}' "
      "data-xl=\"{}\" data-unit='{}'>\n",
      frame.width,
      frame.height,
      escape_html(chart.title),
      frame.left,
      frame.top,
      frame.plot_width(),
      frame.plot_height(),
      plot.x.low,
      plot.x.high,
      plot.y.low,
      plot.y.high,
      escape_html(chart.x_label),
      chart.is_percent ? " %" : "");
  html += body_svg(drawn, plot);
  html += "</svg>\n";
  if (!chart.caption.empty()) {
    html += fmt::format(
        "<figcaption>{}</figcaption>\n", escape_html(chart.caption));
  }
  return html + "</figure>\n";
}

}  // namespace nadir::report
