#include "report/html_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "core/json.h"
#include "core/progress.h"
#include "core/version.h"
#include "report/charts_section.h"
#include "report/html.h"
#include "report/page_style.h"
#include "report/scores_section.h"
#include "report/summary.h"

namespace nadir::report {
namespace {

// Events past these are many of one kind (checkpoints, warnings).
constexpr size_t kMaxEvents = 40;

std::string mark_of(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "✓";
    case Health::kWatch:
      return "▲";
    case Health::kFailing:
      return "✕";
    case Health::kUnknown:
      break;
  }
  return "…";
}

// Text that does not break inside "k-NN" and before "%".
std::string unbroken(std::string html) {
  for (const auto& [from, to] :
       {std::pair{std::string("k-NN"), std::string("k\u2011NN")},
        std::pair{std::string(" %"), std::string("\u00a0%")}}) {
    for (size_t at = html.find(from); at != std::string::npos;
         at = html.find(from, at + to.size())) {
      html.replace(at, from.size(), to);
    }
  }
  return html;
}

std::string duration_text(double seconds) {
  constexpr double kMinute = 60;
  if (!std::isfinite(seconds)) {
    return "none";
  }
  if (seconds < 10 * kMinute) {
    return format_duration(seconds);
  }
  // Longer ones in whole minutes, to fit a tile.
  const auto minutes = static_cast<int64_t>(std::llround(seconds / kMinute));
  return minutes < 60
             ? fmt::format("{} min", minutes)
             : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string state_text(const Run& run) {
  if (!run.status) {
    return "state unknown";
  }
  const auto& status = *run.status;
  std::string text = run.state();
  if (status.total_steps > 0) {
    text += fmt::format(
        " at step {} of {}",
        format_number(static_cast<double>(status.step)),
        format_number(static_cast<double>(status.total_steps)));
  }
  if (!status.updated.empty()) {
    text += ", " + status.updated;
  }
  return text;
}

std::string data_text(const Run& run) {
  if (!run.provenance.is_object()) {
    return "";
  }
  const auto data = run.provenance.find("data");
  if (data == run.provenance.end() || !data->is_object() ||
      !data->contains("description") || !(*data)["description"].is_string()) {
    return "";
  }
  return (*data)["description"].get<std::string>();
}

std::string head_section(
    const std::vector<Run>& runs, const std::vector<RunSummary>& summaries) {
  const std::string title =
      runs.size() == 1 ? runs[0].name : fmt::format("{} runs", runs.size());
  std::string html = fmt::format(
      "<header><p class=kicker>nadir · pretraining report</p><h1>{}</h1>\n",
      escape_html(title));
  std::string sub;
  if (runs.size() == 1) {
    const std::string data = data_text(runs[0]);
    sub = (data.empty() ? "" : data + " · ") + state_text(runs[0]);
  } else {
    for (const auto& run : runs) {
      sub += (sub.empty() ? "" : " · ") + run.name;
    }
  }
  html += fmt::format(
      "<p class=sub>{}</p></header>\n<div class=verdicts>\n", escape_html(sub));
  for (const auto& summary : summaries) {
    html += fmt::format(
        "<div class='card verdict {}'><b>{} {}{}</b><p>{}</p></div>\n",
        to_text(summary.verdict.health),
        mark_of(summary.verdict.health),
        runs.size() > 1 ? escape_html(summary.name) + ": " : "",
        escape_html(summary.verdict.headline),
        unbroken(escape_html(summary.verdict.text)));
  }
  return html + "</div>\n";
}

std::string tile(
    const std::string& label,
    const std::string& value,
    const std::string& note) {
  if (value == "none") {
    return "";
  }
  return fmt::format(
      "<div class='card tile'><span>{}</span><strong>{}</strong>"
      "<small>{}</small></div>\n",
      escape_html(label),
      escape_html(value),
      escape_html(note));
}

std::string tiles_section(const Run& run, const RunSummary& summary) {
  std::string html = "<div class=tiles>\n";
  html += tile(
      "Loss",
      format_number(summary.last_loss),
      "from " + format_number(summary.first_loss));
  const auto score = eval_curve(run);
  const bool is_accuracy = score && score->key != "knn_ap_macro";
  html += tile(
      is_accuracy ? "k-NN accuracy" : "k-NN AP macro",
      format_percent(summary.best_knn),
      "best, at epoch " + format_number(summary.best_knn_epoch));
  html += tile(
      "AP macro",
      format_percent(summary.ap_macro),
      summary.scored_by + ", micro " + format_percent(summary.ap_micro));
  html += tile("Accuracy", format_percent(summary.accuracy), summary.scored_by);
  html += tile("Speed", format_number(summary.images_per_s), "images a second");
  html += tile(
      "Epochs",
      format_number(summary.epochs),
      fmt::format("{} steps", format_number(summary.steps)));
  html += tile("Time", duration_text(summary.time_s), "of training");
  return html + "</div>\n";
}

std::string comparison_section(
    const std::vector<Run>& runs, const std::vector<RunSummary>& summaries) {
  std::string html =
      "<h2>Side by side</h2>\n<div class='card scroll'><table><tr><th>run</th>"
      "<th>state</th><th>epochs</th><th>loss</th><th>H / ln K</th>"
      "<th>best k-NN</th><th>AP macro</th><th>AP micro</th><th>accuracy</th>"
      "<th>images/s</th><th>time</th></tr>\n";
  for (const auto& summary : summaries) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td>",
        escape_html(summary.name),
        escape_html(summary.state));
    for (const auto& text :
         {format_number(summary.epochs),
          format_number(summary.last_loss),
          format_percent(summary.entropy_share),
          format_percent(summary.best_knn),
          format_percent(summary.ap_macro),
          format_percent(summary.ap_micro),
          format_percent(summary.accuracy),
          format_number(summary.images_per_s),
          duration_text(summary.time_s)}) {
      html += fmt::format("<td>{}</td>", text == "none" ? "–" : text);
    }
    html += "</tr>\n";
  }
  html += "</table></div>\n";
  const auto differences = config_differences(runs);
  if (differences.empty()) {
    return html +
           "<p class=caption>The configurations of these runs are the "
           "same.</p>\n";
  }
  html +=
      "<h3 style='margin-top:1.4em'>What was set differently</h3>\n"
      "<div class='card scroll'><table><tr><th>setting</th>";
  for (const auto& run : runs) {
    html += fmt::format("<th class=text>{}</th>", escape_html(run.name));
  }
  html += "</tr>\n";
  for (const auto& difference : differences) {
    html += fmt::format("<tr><td>{}</td>", escape_html(difference.key));
    for (const auto& value : difference.values) {
      html += fmt::format(
          "<td class=text>{}</td>", value.empty() ? "–" : escape_html(value));
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string caption_of(const std::string& name) {
  static const std::map<std::string, std::string> captions = {
      {"views",
       "Example views: what student and teacher see of the same image. Global "
       "views should still show the scene, local views a piece of it; colours "
       "that look like no landscape mean too strong a jitter or a wrong "
       "normalisation."},
      {"attention",
       "Attention of the class token to the patches, one map a head. Good "
       "features follow field borders, water and roofs; an even grey, or the "
       "same few patches on every image, has not learned yet."},
      {"masks",
       "What each head attends to: the smallest set of patches that holds the "
       "chosen share of its attention; the rest of the image is dimmed."},
      {"components",
       "First three principal components of the patch tokens as red, green "
       "and blue. Equal colours should mean equal land cover, across "
       "images."},
      {"segment-linear",
       "Segmentation by the linear head: image, mask, prediction, and errors "
       "in red."},
      {"segment-conv",
       "Segmentation by the convolutional head: image, mask, prediction, and "
       "errors in red."}};
  const auto found = captions.find(name);
  if (found != captions.end()) {
    return found->second;
  }
  std::string text = name;
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string pictures_section(const std::vector<Run>& runs) {
  std::string html;
  for (const auto& run : runs) {
    for (const auto& picture : run.pictures) {
      const std::string caption = caption_of(picture.name);
      html += fmt::format(
          "<figure class=card><img alt=\"{}\" src=\"data:image/png;base64,{}\">"
          "<figcaption>{}{}</figcaption></figure>\n",
          escape_html(picture.name),
          base64(picture.png),
          runs.size() > 1 ? "<b>" + escape_html(run.name) + "</b> " : "",
          escape_html(caption));
    }
  }
  if (html.empty()) {
    return "";
  }
  return "<h2>Pictures</h2>\n<div class=pictures>\n" + html + "</div>\n";
}

std::string events_list(const Run& run) {
  if (run.events.empty()) {
    return "";
  }
  const bool has_too_many = run.events.size() > kMaxEvents;
  std::string html = fmt::format(
      "<details class=card><summary>Events ({})</summary><ul class=events>\n",
      run.events.size());
  if (has_too_many) {
    html += fmt::format("<li>the last {} of them</li>\n", kMaxEvents);
  }
  const size_t first = has_too_many ? run.events.size() - kMaxEvents : 0;
  for (size_t i = first; i < run.events.size(); ++i) {
    const auto& event = run.events[i];
    html += fmt::format(
        "<li>step {}: <b>{}</b> {}</li>\n",
        format_number(event.step),
        escape_html(event.kind),
        escape_html(event.text));
  }
  return html + "</ul></details>\n";
}

std::string folded(const std::string& title, const std::string& text) {
  return fmt::format(
      "<details class=card><summary>{}</summary><pre>{}</pre></details>\n",
      escape_html(title),
      escape_html(text));
}

std::string provenance_section(const std::vector<Run>& runs) {
  std::string html = "<h2>Where it comes from</h2>\n";
  for (const auto& run : runs) {
    if (runs.size() > 1) {
      html += fmt::format(
          "<h3 style='margin-top:1.4em'>{}</h3>\n", escape_html(run.name));
    }
    html += fmt::format(
        "<p class=caption>{} · {}{}</p>\n",
        escape_html(run.path.string()),
        escape_html(state_text(run)),
        run.status && !run.status->message.empty()
            ? " · " + escape_html(run.status->message)
            : "");
    if (run.num_damaged > 0) {
      html += fmt::format(
          "<p class=caption>{} unreadable lines of metrics.jsonl were left "
          "out.</p>\n",
          run.num_damaged);
    }
    html += events_list(run);
    if (run.provenance.is_object()) {
      html += folded("Provenance", json_text(run.provenance, 2));
    }
    if (!run.config_text.empty()) {
      html += folded("Configuration, as resolved", run.config_text);
    }
  }
  return html;
}

}  // namespace

std::string html_report(const std::vector<Run>& runs) {
  std::vector<RunSummary> summaries;
  summaries.reserve(runs.size());
  for (const auto& run : runs) {
    summaries.push_back(summarise(run));
  }
  const std::string title =
      runs.size() == 1 ? runs[0].name : fmt::format("{} runs", runs.size());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=en>\n<head><meta charset=utf-8>\n"
      "<meta name=viewport content='width=device-width,initial-scale=1'>\n"
      "<title>{} · nadir report</title>\n<style>{}</style></head>\n"
      "<body><main>\n",
      escape_html(title),
      page_css());
  html += head_section(runs, summaries);
  html += runs.size() == 1 ? tiles_section(runs[0], summaries[0])
                           : comparison_section(runs, summaries);
  html += scores_section(runs);
  html += charts_section(runs);
  html += pictures_section(runs);
  html += provenance_section(runs);
  html += fmt::format(
      "<footer>Written by nadir {} (commit {}) on {}. This page is one file "
      "and asks nothing of a network.</footer>\n</main>\n<div id=tip></div>\n"
      "<script>{}</script>\n</body>\n</html>\n",
      escape_html(version()),
      escape_html(commit()),
      runs::utc_now(),
      page_script());
  return html;
}

}  // namespace nadir::report
