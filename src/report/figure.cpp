#include "report/figure.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/html.h"
#include "report/page_style.h"

namespace nadir::report {
namespace {

constexpr double kMargin = 10;
constexpr double kTitleLine = 20;
constexpr double kLegendLine = 18;
constexpr double kKey = 26;  // the line beside a legend's label

// Generous: faces differ, and nothing may run out of the picture.
constexpr double kLegendLetter = 7.2;
constexpr double kTitleLetter = 8.0;

size_t num_letters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      }));
}

// Words in lines of at most `length` letters.
std::vector<std::string> wrapped(const std::string& text, size_t length) {
  std::vector<std::string> lines(1);
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!lines.back().empty() &&
        num_letters(lines.back()) + 1 + num_letters(word) > length) {
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return lines;
}

// Entries from left to right; sets `height` to what they take.
std::string legend_svg(const Drawing& drawing, double top, double& height) {
  std::string svg;
  double left = 0;
  double y = top;
  for (const auto& entry : drawing.legend) {
    const double width =
        kKey + 8 +
        kLegendLetter * static_cast<double>(num_letters(entry.label)) + 14;
    if (left > 0 && left + width > drawing.width) {
      left = 0;
      y += kLegendLine;
    }
    svg += fmt::format(
        "<path class='line {} d{}' d='M{:.1f} {:.1f}h{:.0f}'/>"
        "<text class='label' x='{:.1f}' y='{:.1f}'>{}</text>\n",
        entry.color < 0 ? std::string("plain")
                        : fmt::format("c{}", entry.color % kNumColors),
        entry.dash % kNumDashes,
        left,
        y + 8,
        kKey,
        left + kKey + 8,
        y + 12,
        escape_html(entry.label));
    left += width;
  }
  height = drawing.legend.empty() ? 0 : y + kLegendLine - top;
  return svg;
}

}  // namespace

std::string figure_svg(const Drawing& drawing) {
  if (drawing.empty()) {
    return "";
  }
  const auto letters = static_cast<size_t>(drawing.width / kTitleLetter);
  double y = 0;
  std::string head;
  for (const auto& line : wrapped(drawing.title, letters)) {
    head += fmt::format(
        "<text class='title' x='0' y='{:.1f}'>{}</text>\n",
        y + 14,
        escape_html(line));
    y += kTitleLine;
  }
  double legend_height = 0;
  head += legend_svg(drawing, y + 2, legend_height);
  y += legend_height + 8;
  const double width = drawing.width + 2 * kMargin;
  const double height = y + drawing.height + 2 * kMargin;
  return fmt::format(
      "<?xml version='1.0' encoding='UTF-8'?>\n"
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0:.0f}' "
      "height='{1:.0f}' "
      "viewBox='0 0 {0:.0f} {1:.0f}'>\n<title>{2}</title>\n<style>"
      ".title{{fill:#16202b;font-size:14px;font-weight:bold}}\n{3}</style>\n"
      "<rect width='100%' height='100%' fill='#fff'/>\n"
      "<g transform='translate({4} {4})'>\n{5}"
      "<g transform='translate(0 {6:.1f})'>\n{7}</g>\n</g>\n</svg>\n",
      width,
      height,
      escape_html(drawing.title),
      figure_css(),
      kMargin,
      head,
      y,
      drawing.svg);
}

}  // namespace nadir::report
