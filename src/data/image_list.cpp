#include "data/image_list.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "data/picture_dataset.h"
#include "raster/image_file.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

struct Line {
  std::string path;
  std::vector<std::string> labels;
};

Line parse_line(const std::string& text) {
  const size_t tab = text.find('\t');
  const size_t cut = tab != std::string::npos ? tab : text.find_last_of(' ');
  // A name with blanks may end the line: "field 7.jpg" carries no label.
  const bool has_no_label = cut == std::string::npos ||
                            (tab == std::string::npos &&
                             raster::has_image_extension(text.substr(cut + 1)));
  if (has_no_label) {
    return {text, {}};
  }
  Line line = {text.substr(0, cut), split(text.substr(cut + 1), ',')};
  line.path.erase(line.path.find_last_not_of(" \t") + 1);
  return line;
}

// By value where all are numbers, else by bytes.
struct LabelOrder {
  bool are_numbers;

  bool operator()(const std::string& a, const std::string& b) const {
    if (are_numbers && a.size() != b.size()) {
      return a.size() < b.size();
    }
    return a < b;
  }
};

bool is_number(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

void set_labels(Catalog& catalog, const std::vector<Line>& lines) {
  std::vector<std::string> all;
  for (const auto& line : lines) {
    all.insert(all.end(), line.labels.begin(), line.labels.end());
    catalog.is_multi_label = catalog.is_multi_label || line.labels.size() > 1;
  }
  const LabelOrder order = {std::all_of(all.begin(), all.end(), is_number)};
  std::sort(all.begin(), all.end(), order);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  catalog.class_names = all;
  catalog.labels.assign(lines.size() * all.size(), 0);
  for (size_t i = 0; i < lines.size(); ++i) {
    for (const auto& label : lines[i].labels) {
      const auto found = std::lower_bound(all.begin(), all.end(), label, order);
      catalog
          .labels[i * all.size() + static_cast<size_t>(found - all.begin())] =
          1;
    }
  }
}

std::vector<Line> read_lines(const fs::path& list) {
  std::string whole = read_file(list);
  if (whole.find('\0') != std::string::npos) {
    fail(
        ErrorCode::kCorruptData,
        "{} is neither an image nor a text that lists images",
        list.string());
  }
  if (whole.starts_with("\xEF\xBB\xBF")) {
    whole.erase(0, 3);  // the byte order mark of some editors
  }
  std::istringstream file(std::move(whole));
  std::vector<Line> lines;
  std::set<std::string> seen;
  std::string text;
  for (int64_t number = 1; std::getline(file, text); ++number) {
    text.erase(text.find_last_not_of(" \r") + 1);
    if (text.empty() || text[0] == '#') {
      continue;
    }
    lines.push_back(parse_line(text));
    const auto& labels = lines.back().labels;
    if (lines.back().path.empty() ||
        std::find(labels.begin(), labels.end(), "") != labels.end()) {
      fail(
          ErrorCode::kCorruptData,
          "{}:{}: a line is PATH, or PATH and LABEL[,LABEL...] after a tab or "
          "blank, got '{}'",
          list.string(),
          number,
          text);
    }
    if (lines.back().labels.empty() != lines.front().labels.empty()) {
      fail(
          ErrorCode::kCorruptData,
          "{}:{}: either every line carries a label or none, got '{}'",
          list.string(),
          number,
          text);
    }
    if (!seen.insert(lines.back().path).second) {
      fail(
          ErrorCode::kCorruptData,
          "{}:{}: {} stands in the list twice",
          list.string(),
          number,
          lines.back().path);
    }
  }
  if (lines.empty()) {
    fail(ErrorCode::kCorruptData, "{} lists no images", list.string());
  }
  return lines;
}

}  // namespace

std::unique_ptr<Dataset> open_image_list(const DatasetOptions& options) {
  const fs::path list = options.data;
  const auto lines = read_lines(list);
  Catalog catalog;
  std::vector<fs::path> files;
  for (const auto& line : lines) {
    catalog.names.push_back(line.path);
    catalog.splits.push_back(Split::kNone);
    files.push_back(list.parent_path() / line.path);
  }
  set_labels(catalog, lines);
  return make_picture_dataset(
      std::move(catalog), std::move(files), options, "image list");
}

}  // namespace nadir::data
