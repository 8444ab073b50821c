#include "report/figures.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "core/error.h"
#include "core/file.h"
#include "report/figure.h"
#include "report/html_report.h"
#include "report/score_drawings.h"
#include "runs/metrics_writer.h"
#include "runs/run_folder.h"

namespace nadir::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLinear = R"({"kind": "linear", "task": "multi_label",
  "rows": [
    {"features": "random weights", "ap_macro": 0.3, "per_class": [
      {"name": "Moors & <heath>", "ap": 0.2, "num_positives": 4,
       "pr_curve": {"recall": [0.5, 1], "precision": [0.3, 0.2]}},
      {"name": "Sea", "ap": 0.4, "num_positives": 2,
       "pr_curve": {"recall": [1], "precision": [0.4]}}],
     "confusion": [[1, 2], [2, 0]]},
    {"features": "a", "ap_macro": 0.6, "per_class": [
      {"name": "Moors & <heath>", "ap": 0.5, "num_positives": 4,
       "pr_curve": {"recall": [0.5, 1], "precision": [1, 0.5]}},
      {"name": "Sea", "ap": 0.7, "num_positives": 2,
       "pr_curve": {"recall": [0.5, 1], "precision": [1, 0.7]}}],
     "confusion": [[3, 1], [0, 2]]}]})";

constexpr const char* kSegment = R"({"kind": "segment", "task": "segmentation",
  "rows": [
    {"features": "random weights", "head": "conv", "mean_iou": 0.2,
     "per_class": [{"name": "road", "iou": 0.2, "num_pixels": 10}]},
    {"features": "a", "head": "linear", "mean_iou": 0.4, "mean_iou_ci":
     [0.3, 0.5], "pixel_accuracy": 0.8, "confusion": [[7]],
     "per_class": [{"name": "road", "iou": 0.4, "num_pixels": 10}]},
    {"features": "a", "head": "conv", "mean_iou": 0.5, "confusion": [[9]],
     "per_class": [{"name": "road", "iou": 0.5, "num_pixels": 10}]}]})";

// What is wrong with a document, or nothing.
std::string xml_fault(const std::string& text) {
  pugi::xml_document document;
  const auto result = document.load_buffer(text.data(), text.size());
  return result ? "" : result.description();
}

class FiguresTest : public testing::Test {
 protected:
  fs::path make_run(const std::string& name) const {
    auto run = runs::RunFolder::create(folder_.path() / name);
    run.write_config("[head]\nout_dim = 4096\n");
    run.write_status({});
    runs::MetricsWriter metrics(run.paths().metrics);
    for (int step = 1; step <= 20; ++step) {
      metrics.write(
          {{"step", step},
           {"epoch", step / 10.0},
           {"loss", 8 - 0.1 * step},
           {"teacher_entropy", 4.0},
           {"lr", 0.001}});
    }
    const auto root = run.paths().root;
    write_file(root / "eval/linear.json", kLinear);
    write_file(root / "eval/segment.json", kSegment);
    write_file(root / "pictures/views.png", "PNG bytes");
    return root;
  }

  static std::set<std::string> names_of(const std::vector<Figure>& figures) {
    std::set<std::string> names;
    for (const auto& figure : figures) {
      names.insert(figure.file);
    }
    return names;
  }

  static std::string bytes_of(
      const std::vector<Figure>& figures, const std::string& file) {
    for (const auto& figure : figures) {
      if (figure.file == file) {
        return figure.bytes;
      }
    }
    return "";
  }

  const TemporaryFolder folder_;
};

TEST_F(FiguresTest, HoldEveryChartDrawingAndPictureOfTheRun) {
  const auto figures = report_figures(read_runs({make_run("a").string()}));
  EXPECT_EQ(
      names_of(figures),
      (std::set<std::string>{
          "loss.svg",
          "entropy.svg",
          "lr.svg",
          "linear-classes.svg",
          "linear-pr.svg",
          "linear-confusion.svg",
          "segment-classes.svg",
          "segment-confusion-linear.svg",
          "segment-confusion-conv.svg",
          "views.png"}));
  EXPECT_EQ(bytes_of(figures, "views.png"), "PNG bytes");
}

TEST_F(FiguresTest, AreWellFormedAndAskForNothingElse) {
  const auto runs = read_runs({make_run("a").string(), make_run("b").string()});
  const auto figures = report_figures(runs);
  EXPECT_TRUE(names_of(figures).contains("b-linear-pr.svg"));
  EXPECT_TRUE(names_of(figures).contains("loss.svg"));
  for (const auto& [file, bytes] : figures) {
    if (!file.ends_with(".svg")) {
      continue;
    }
    EXPECT_EQ(xml_fault(bytes), "") << file;
    for (const char* word : {"var(", "url(", "href", "<script", "@import"}) {
      EXPECT_EQ(bytes.find(word), std::string::npos) << file << ": " << word;
    }
    EXPECT_EQ(bytes.find("nan"), std::string::npos) << file;
  }
}

TEST_F(FiguresTest, SayWhatTheyShow) {
  const auto figures = report_figures(read_runs({make_run("a").string()}));
  for (const auto& [file, word] :
       {std::pair{"loss.svg", "ln K = 8.32"},
        std::pair{"entropy.svg", "teacher entropy"},
        std::pair{"linear-classes.svg", "Moors &amp; &lt;heath&gt;"},
        std::pair{"linear-classes.svg", ">70.0</text>"},
        std::pair{"linear-pr.svg", "random weights"},
        std::pair{"linear-confusion.svg", ">75</text>"},
        std::pair{"segment-confusion-conv.svg", ">90</text>"},
        std::pair{"segment-classes.svg", "a, conv head"}}) {
    EXPECT_NE(bytes_of(figures, file).find(word), std::string::npos)
        << file << " lacks " << word;
  }
}

TEST_F(FiguresTest, StandOnThePageToo) {
  const std::string page = html_report(read_runs({make_run("a").string()}));
  for (const char* word :
       {"Precision over recall", "mIoU, %", "a, conv head", "taken for"}) {
    EXPECT_NE(page.find(word), std::string::npos) << word;
  }
}

TEST_F(FiguresTest, AreNotOverwrittenUnasked) {
  const auto figures = report_figures(read_runs({make_run("a").string()}));
  const auto folder = folder_.path() / "figures";
  check_figures(figures, folder, false);
  write_figures(figures, folder);
  EXPECT_EQ(read_file(folder / "views.png"), "PNG bytes");
  EXPECT_THROW(check_figures(figures, folder, false), Error);
  EXPECT_NO_THROW(check_figures(figures, folder, true));
  EXPECT_THROW(check_figures(figures, folder / "views.png", true), Error);
}

TEST_F(FiguresTest, OfRunsWithEqualNamesHaveNamesOfTheirOwn) {
  const auto runs =
      read_runs({make_run("x/run").string(), make_run("y/run").string()});
  const auto figures = report_figures(runs);
  EXPECT_EQ(names_of(figures).size(), figures.size());
  for (const auto& figure : figures) {
    EXPECT_EQ(fs::path(figure.file).filename().string(), figure.file);
  }
}

TEST(ScoreDrawings, AreEmptyWhereTheTableSaysNothing) {
  const EvalTable table;
  EXPECT_TRUE(class_bars(table).empty());
  EXPECT_TRUE(pr_panels(table).empty());
  EXPECT_TRUE(confusion_map(table, EvalRow()).empty());
  EXPECT_EQ(figure_svg({}), "");
  EXPECT_EQ(shortened("Küste", 2), "Kü…");
  EXPECT_EQ(shortened("Küste", 5), "Küste");
}

}  // namespace
}  // namespace nadir::report
