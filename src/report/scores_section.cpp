#include "report/scores_section.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/html.h"
#include "report/score_drawings.h"

namespace nadir::report {
namespace {

std::string bar(double share, bool is_tested) {
  if (!std::isfinite(share)) {
    return "";
  }
  return fmt::format(
      "<span class=bar><i{} style='width:{:.1f}%'></i></span>",
      is_tested ? " class=tested" : "",
      100 * std::clamp(share, 0.0, 1.0));
}

std::string score_cell(
    double share,
    double best,
    bool is_tested,
    const std::pair<double, double>& interval = {kNoScore, kNoScore}) {
  std::string text = std::isfinite(share) ? fmt::format("{:.1f}", 100 * share)
                                          : std::string("<small>none</small>");
  if (std::isfinite(interval.first) && std::isfinite(interval.second)) {
    text += fmt::format(
        " <small>{:.1f}–{:.1f}</small>",
        100 * interval.first,
        100 * interval.second);
  }
  return fmt::format(
      "<td{}>{}{}</td>",
      share == best ? " class=best" : "",
      text,
      bar(share, is_tested));
}

template <class Value>
double best_of(const EvalTable& table, const Value& value) {
  double best = kNoScore;
  for (const auto& row : table.rows) {
    best = std::fmax(best, value(row));
  }
  return best;
}

struct ScoreColumn {
  const char* title;
  double EvalRow::*score;
  std::pair<double, double> EvalRow::*interval;
};

// Accuracy first; it is missing where labels are many.
constexpr ScoreColumn kScoreColumns[] = {
    {"mIoU, %", &EvalRow::mean_iou, &EvalRow::mean_iou_ci},
    {"pixel accuracy, %",
     &EvalRow::pixel_accuracy,
     &EvalRow::pixel_accuracy_ci},
    {"accuracy, %", &EvalRow::accuracy_top1, &EvalRow::accuracy_ci},
    {"AP macro, %", &EvalRow::ap_macro, &EvalRow::ap_macro_ci},
    {"AP micro, %", &EvalRow::ap_micro, &EvalRow::ap_micro_ci},
    {"F1 macro, %", &EvalRow::f1_macro, nullptr}};

std::string overall_table(const EvalTable& table) {
  std::string head = "<tr><th>features</th>";
  std::vector<std::string> lines;
  for (const auto& row : table.rows) {
    lines.push_back("<tr><td>" + escape_html(row.label()) + "</td>");
  }
  for (const auto& column : kScoreColumns) {
    const double best =
        best_of(table, [&](const EvalRow& row) { return row.*column.score; });
    if (!std::isfinite(best)) {
      continue;
    }
    head += fmt::format("<th>{}</th>", column.title);
    for (size_t r = 0; r < table.rows.size(); ++r) {
      const EvalRow& row = table.rows[r];
      lines[r] += score_cell(
          row.*column.score,
          best,
          !row.is_baseline(),
          column.interval == nullptr ? std::pair{kNoScore, kNoScore}
                                     : row.*column.interval);
    }
  }
  std::string html = "<div class='card scroll'><table>" + head + "</tr>\n";
  for (const auto& line : lines) {
    html += line + "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string class_table(const EvalTable& table) {
  const auto classes = table.classes();
  if (classes.empty()) {
    return "";
  }
  std::string html =
      "<div class='card scroll' style='margin-top:12px'><table>"
      "<tr><th>" +
      table.class_score_name() + " by class, %</th><th class=wide>" +
      (table.task == "segmentation" ? "pixels" : "images") + "</th>";
  for (const auto& row : table.rows) {
    html += fmt::format("<th>{}</th>", escape_html(row.label()));
  }
  html += "</tr>\n";
  for (const auto& score : classes) {
    const double count =
        table.task == "segmentation" ? score.num_pixels : score.num_positives;
    html += fmt::format(
        "<tr><td>{}</td><td class=wide>{}</td>",
        escape_html(score.name),
        std::isfinite(count) ? format_number(count) : "");
    const double best = best_of(table, [&](const EvalRow& row) {
      return table.class_score(row, score.name);
    });
    for (const auto& row : table.rows) {
      html += score_cell(
          table.class_score(row, score.name), best, !row.is_baseline());
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

// Precision over recall, and what was taken for what, folded.
std::string score_drawings(const EvalTable& table) {
  std::string html = drawing_html(pr_panels(table));
  for (const auto& row : table.rows) {
    if (!row.is_baseline()) {
      html += drawing_html(confusion_map(table, row));
    }
  }
  return html.empty() ? ""
                      : "<details><summary>Precision, recall, confusion"
                        "</summary>\n" +
                            html + "</details>\n";
}

bool has_intervals(const std::vector<Run>& runs) {
  for (const auto& run : runs) {
    for (const auto& table : run.tables) {
      for (const auto& row : table.rows) {
        if (std::isfinite(row.mean_iou_ci.first) ||
            std::isfinite(row.ap_macro_ci.first) ||
            std::isfinite(row.ap_micro_ci.first) ||
            std::isfinite(row.accuracy_ci.first)) {
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

std::string scores_section(const std::vector<Run>& runs) {
  std::string html;
  for (const auto& run : runs) {
    for (const auto& table : run.tables) {
      html += fmt::format(
          "<h3 style='margin-top:1.4em'>{}{} <small style='color:var(--soft);"
          "font-weight:400'>eval/{}</small></h3>\n",
          runs.size() > 1 ? escape_html(run.name) + ": " : "",
          escape_html(table.title()),
          escape_html(table.file));
      html += overall_table(table);
      if (!table.note.empty()) {
        html += fmt::format(
            "<p class=caption>{}. {}</p>\n",
            escape_html(table.note),
            escape_html(table.input));
      }
      const std::string classes = class_table(table);
      if (runs.size() > 1 && !classes.empty()) {
        html +=
            "<details><summary>By class</summary>" + classes + "</details>\n";
      } else {
        html += classes;
      }
      html += score_drawings(table);
    }
  }
  if (html.empty()) {
    return "";
  }
  const std::string head =
      "<h2>What the features are worth</h2>\n<p class=lead>Frozen features, "
      "judged on images whose labels nothing was fitted to. Random weights of "
      "the same network and plain image statistics stand beside them: "
      "pretraining has "
      "earned its keep where it is clearly ahead of both. AP is average "
      "precision, the area under precision over recall; macro is the mean "
      "over classes, micro pools all decisions. IoU is the intersection of "
      "mask and "
      "prediction over their union. A class without positive images or pixels "
      "has none.";
  return head +
         (has_intervals(runs) ? " Small figures are 95 % intervals." : "") +
         "</p>\n" + html;
}

}  // namespace nadir::report
