#include "report/scores_section.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/html.h"

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

std::string overall_table(const EvalTable& table) {
  const double macro =
      best_of(table, [](const EvalRow& row) { return row.ap_macro; });
  const double micro =
      best_of(table, [](const EvalRow& row) { return row.ap_micro; });
  const double accuracy =
      best_of(table, [](const EvalRow& row) { return row.accuracy_top1; });
  std::string html = "<div class='card scroll'><table><tr><th>features</th>";
  html += std::isfinite(macro) ? "<th>AP macro, %</th>" : "";
  html += std::isfinite(micro) ? "<th>AP micro, %</th>" : "";
  html += std::isfinite(accuracy) ? "<th>accuracy, %</th>" : "";
  html += "</tr>\n";
  for (const auto& row : table.rows) {
    const bool is_tested = !row.is_baseline();
    html += fmt::format("<tr><td>{}</td>", escape_html(row.features));
    if (std::isfinite(macro)) {
      html += score_cell(row.ap_macro, macro, is_tested, row.ap_macro_ci);
    }
    if (std::isfinite(micro)) {
      html += score_cell(row.ap_micro, micro, is_tested, row.ap_micro_ci);
    }
    if (std::isfinite(accuracy)) {
      html +=
          score_cell(row.accuracy_top1, accuracy, is_tested, row.accuracy_ci);
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

double class_ap(const EvalRow& row, const std::string& name) {
  for (const auto& score : row.per_class) {
    if (score.name == name) {
      return score.ap;
    }
  }
  return kNoScore;
}

std::string class_table(const EvalTable& table) {
  // The row with the most classes names them.
  const auto longest = std::max_element(
      table.rows.begin(),
      table.rows.end(),
      [](const EvalRow& a, const EvalRow& b) {
        return a.per_class.size() < b.per_class.size();
      });
  if (longest->per_class.empty()) {
    return "";
  }
  std::string html =
      "<div class='card scroll' style='margin-top:12px'><table>"
      "<tr><th>AP by class, %</th><th class=wide>images</th>";
  for (const auto& row : table.rows) {
    html += fmt::format("<th>{}</th>", escape_html(row.features));
  }
  html += "</tr>\n";
  for (const auto& score : longest->per_class) {
    html += fmt::format(
        "<tr><td>{}</td><td class=wide>{}</td>",
        escape_html(score.name),
        std::isfinite(score.num_positives) ? format_number(score.num_positives)
                                           : "");
    const double best = best_of(
        table, [&](const EvalRow& row) { return class_ap(row, score.name); });
    for (const auto& row : table.rows) {
      html += score_cell(class_ap(row, score.name), best, !row.is_baseline());
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string title_of(const EvalTable& table) {
  const std::string method = table.kind == "linear" ? "Linear probe"
                             : table.kind == "knn"  ? "k-NN"
                                                    : table.kind;
  if (table.task == "multi_label") {
    return method + ", several labels an image";
  }
  return table.task == "single_label" ? method + ", one label an image"
                                      : method;
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
          escape_html(title_of(table)),
          escape_html(table.file));
      html += overall_table(table);
      html += class_table(table);
    }
  }
  if (html.empty()) {
    return "";
  }
  return "<h2>What the features are worth</h2>\n<p class=lead>Frozen "
         "features, judged on images that nothing was fitted to. Random "
         "weights of the same network and plain image statistics stand beside "
         "them: pretraining has earned its keep where it is clearly ahead of "
         "both. AP is average precision, the area under precision over "
         "recall; macro is the mean over classes, micro pools all decisions. "
         "A class without positive images has none. Small figures are 95 % "
         "intervals.</p>\n" +
         html;
}

}  // namespace nadir::report
