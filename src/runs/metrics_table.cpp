#include "runs/metrics_table.h"

#include <limits>

#include "core/parallel.h"
#include "runs/metrics_lines.h"

namespace nadir::runs {
namespace {

constexpr size_t kPieceBytes = 2 << 20;

// `lines` in pieces of about kPieceBytes that end with a newline.
std::vector<std::string_view> split_lines(std::string_view lines) {
  std::vector<std::string_view> pieces;
  while (!lines.empty()) {
    const size_t newline =
        lines.find('\n', std::min(kPieceBytes, lines.size()));
    const size_t size =
        newline == std::string_view::npos ? lines.size() : newline + 1;
    pieces.push_back(lines.substr(0, size));
    lines.remove_prefix(size);
  }
  return pieces;
}

}  // namespace

MetricsTable::MetricsTable(const std::filesystem::path& path) : tail_(path) {}

bool MetricsTable::read_new(int num_threads) {
  bool is_same = true;
  tail_.read_new(
      [this, num_threads](std::string_view lines) {
        add_lines(lines, num_threads);
      },
      [this, &is_same] {
        is_same = false;
        clear();
      });
  return is_same;
}

void MetricsTable::take_unfinished() {
  if (!tail_.unfinished().empty()) {
    add_lines(tail_.unfinished(), 1);
  }
}

const std::vector<double>* MetricsTable::column(const std::string& key) const {
  const auto found = columns_.find(key);
  return found == columns_.end() ? nullptr : &found->second;
}

void MetricsTable::clear() {
  keys_.clear();
  columns_.clear();
  events_.clear();
  num_rows_ = 0;
  num_damaged_ = 0;
}

void MetricsTable::add_lines(std::string_view lines, int num_threads) {
  const auto texts = split_lines(lines);
  std::vector<MetricsPiece> pieces(texts.size());
  parallel_for(
      static_cast<int64_t>(texts.size()),
      1,
      num_threads,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto at = static_cast<size_t>(i);
          pieces[at].add_lines(texts[at]);
          pieces[at].pad_columns();
        }
      });
  constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
  for (auto& piece : pieces) {
    for (size_t i = 0; i < piece.keys.size(); ++i) {
      const auto [place, is_new] = columns_.try_emplace(piece.keys[i]);
      if (is_new) {
        keys_.push_back(piece.keys[i]);
      }
      auto& column = place->second;
      column.resize(static_cast<size_t>(num_rows_), kAbsent);
      column.insert(
          column.end(), piece.columns[i].begin(), piece.columns[i].end());
    }
    std::move(
        piece.events.begin(), piece.events.end(), std::back_inserter(events_));
    num_rows_ += piece.num_rows;
    num_damaged_ += piece.num_damaged;
  }
  for (auto& [key, column] : columns_) {
    column.resize(static_cast<size_t>(num_rows_), kAbsent);
  }
}

}  // namespace nadir::runs
