#include "report/charts_section.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/html.h"

namespace nadir::report {
namespace {

struct Quantity {
  std::string key;
  std::string label;
};

// Lines of some quantities of all runs.
std::vector<ChartLine> lines_of(
    const std::vector<Run>& runs, const std::vector<Quantity>& quantities) {
  std::vector<ChartLine> lines;
  for (size_t r = 0; r < runs.size(); ++r) {
    for (size_t q = 0; q < quantities.size(); ++q) {
      const Curve* curve = runs[r].curve(quantities[q].key);
      if (curve == nullptr) {
        continue;
      }
      ChartLine line;
      line.points = curve->points();
      if (runs.size() == 1) {
        line.label = quantities[q].label;
        line.color = static_cast<int>(q);
      } else {
        line.label = quantities.size() == 1
                         ? runs[r].name
                         : runs[r].name + ": " + quantities[q].label;
        line.color = static_cast<int>(r);
        line.dash =
            static_cast<int>(quantities.size() == 1 ? r / kNumColors : q);
      }
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// Colours for the runs, then dashes for the quantities.
std::vector<LegendEntry> legend_of(
    const std::vector<Run>& runs, const std::vector<Quantity>& quantities) {
  std::vector<LegendEntry> entries;
  if (runs.size() > 1) {
    for (size_t r = 0; r < runs.size(); ++r) {
      entries.push_back({runs[r].name, static_cast<int>(r), 0});
    }
    for (size_t q = 0; q < quantities.size(); ++q) {
      entries.push_back({quantities[q].label, -1, static_cast<int>(q)});
    }
  }
  return entries;
}

std::vector<ChartRule> log_k_rules(const std::vector<Run>& runs) {
  std::set<double> levels;
  for (const auto& run : runs) {
    const double level = run.log_num_prototypes();
    if (!std::isnan(level)) {
      levels.insert(level);
    }
  }
  std::vector<ChartRule> rules;
  for (const double level : levels) {
    rules.push_back({"ln K = " + format_number(level), level});
  }
  return rules;
}

Chart loss_chart(const std::vector<Run>& runs) {
  Chart chart;
  chart.name = "loss";
  chart.title = "Loss";
  chart.caption =
      "Cross-entropy of the student against the teacher. It should leave "
      "ln K within the first epochs and sink slowly; bumps while the "
      "temperature and the learning rate warm up are normal. A flat line at "
      "ln K means that nothing is learned.";
  chart.lines = lines_of(runs, {{"loss", "loss"}});
  chart.rules = log_k_rules(runs);
  return chart;
}

Chart entropy_chart(const std::vector<Run>& runs) {
  Chart chart;
  chart.name = "entropy";
  chart.title = "Teacher and student entropy, KL divergence";
  chart.caption =
      "Healthy: the teacher's entropy leaves ln K and settles well between 0 "
      "and ln K, and KL stays above 0. At ln K the outputs are uniform; at 0 "
      "every image gets the same prototype.";
  const std::vector<Quantity> quantities = {
      {"teacher_entropy", "teacher entropy"},
      {"student_entropy", "student entropy"},
      {"kl", "KL"}};
  chart.lines = lines_of(runs, quantities);
  chart.legend = legend_of(runs, quantities);
  chart.rules = log_k_rules(runs);
  chart.y_low = 0;
  return chart;
}

// Accuracy and AP are different scores: one chart for each that occurs.
std::vector<Chart> score_charts(const std::vector<Run>& runs) {
  std::vector<Chart> charts;
  for (const auto& [key, title] :
       {std::pair{"knn_top1", "k-NN accuracy"},
        std::pair{"knn_accuracy", "k-NN accuracy"},
        std::pair{"knn_ap_macro", "k-NN average precision (macro)"},
        std::pair{"knn_ap_micro", "k-NN average precision (micro)"}}) {
    Chart chart;
    chart.name = key;
    chart.title = title;
    chart.x_label = "epoch";
    chart.has_whole_x = true;
    chart.min_range = 0.05;
    chart.is_percent = true;
    chart.caption =
        "Nearest neighbours vote with frozen features: the honest measure of "
        "what was learned. It should rise; compare its first point, close to "
        "random weights, with the last.";
    for (size_t r = 0; r < runs.size(); ++r) {
      const auto found = runs[r].by_epoch.find(key);
      if (found != runs[r].by_epoch.end()) {
        chart.lines.push_back(
            {runs[r].name,
             found->second.points(),
             static_cast<int>(runs.size() == 1 ? 2 : r),
             static_cast<int>(r / kNumColors)});
      }
    }
    charts.push_back(std::move(chart));
  }
  return charts;
}

Chart prototypes_chart(const std::vector<Run>& runs) {
  Chart chart;
  chart.name = "prototypes_used";
  chart.title = "Prototypes in use";
  chart.caption =
      "Prototypes that are the teacher's first choice for a recent view, as a "
      "share of the most that could be. Few of many means that the head is "
      "larger than the data needs, "
      "or that a collapse has begun.";
  chart.lines = lines_of(runs, {{"prototypes_used", "prototypes in use"}});
  chart.y_low = 0;
  const bool is_share =
      std::all_of(runs.begin(), runs.end(), [](const Run& run) {
        const Curve* curve = run.curve("prototypes_used");
        return curve == nullptr || curve->empty() || curve->max() <= 1;
      });
  chart.is_percent = is_share;
  return chart;
}

struct SmallChart {
  const char* key;
  const char* title;
  const char* caption;
  bool is_percent;
  bool from_zero;
};

// What is worth a glance, in the order of a reader's questions.
constexpr SmallChart kSmallCharts[] = {
    {"images_per_s",
     "Images per second",
     "Speed of training, all views counted as one image.",
     false,
     true},
    {"data_wait_share",
     "Waiting for data",
     "Share of the time spent waiting for the loader; above 5 % more loader "
     "threads or packed data help.",
     true,
     true},
    {"rss_bytes",
     "Memory in bytes",
     "Resident memory of the process.",
     false,
     true},
    {"processors_used",
     "Processors in use",
     "Processor time of all threads over the time that passed.",
     false,
     true},
    {"gpu_busy_share",
     "GPU use",
     "Share of the time that the GPU works, by its driver; low with little "
     "waiting for data means small batches.",
     true,
     true},
    {"lr", "Learning rate", "", false, true},
    {"momentum", "Teacher momentum", "", false, false},
    {"teacher_temp", "Teacher temperature", "", false, true},
    {"weight_decay", "Weight decay", "", false, true},
    {"grad_norm", "Gradient norm", "Before clipping.", false, true},
    {"batch_entropy",
     "Entropy of the batch mean",
     "High while many prototypes share the images.",
     false,
     true},
    {"feature_rank",
     "Feature rank",
     "Effective dimensions of the features; a fall is an early sign of "
     "collapse.",
     false,
     true},
    {"center_norm", "Norm of the centre", "", false, true},
};

std::vector<Chart> small_charts(const std::vector<Run>& runs) {
  std::vector<Chart> charts;
  for (const auto& small : kSmallCharts) {
    Chart chart;
    chart.name = small.key;
    chart.title = small.title;
    chart.caption = small.caption;
    chart.is_percent = small.is_percent;
    chart.is_small = true;
    if (small.from_zero) {
      chart.y_low = 0;
    }
    chart.lines = lines_of(runs, {{small.key, small.title}});
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace

std::vector<Chart> report_charts(const std::vector<Run>& runs) {
  std::vector<Chart> charts = {loss_chart(runs), entropy_chart(runs)};
  for (auto& chart : score_charts(runs)) {
    charts.push_back(std::move(chart));
  }
  charts.push_back(prototypes_chart(runs));
  for (auto& chart : small_charts(runs)) {
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::string charts_section(const std::vector<Run>& runs) {
  std::string large;
  std::string small;
  for (const auto& chart : report_charts(runs)) {
    (chart.is_small ? small : large) += chart_html(chart);
  }
  if (large.empty() && small.empty()) {
    return "";
  }
  std::string html =
      "<h2>Curves</h2>\n<p class=lead>Lines are means of neighbouring steps, "
      "pale bands their lowest and highest values.</p>\n";
  html += "<div class=grid>\n" + large + "</div>\n";
  html += "<div class='grid three'>\n" + small + "</div>\n";
  return html;
}

}  // namespace nadir::report
