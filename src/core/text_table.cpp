#include "core/text_table.h"

#include <algorithm>

#include "core/error.h"

namespace nadir {
namespace {

// Columns a UTF-8 text takes on a terminal, one for each code point.
size_t display_width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) {
        return (c & 0xC0) != 0x80;
      }));
}

bool is_numeric(const std::string& text) {
  return text.find_first_not_of("0123456789+-.,%×e ") == std::string::npos ||
         text == "n/a";
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header)
    : header_(std::move(header)) {}

void TextTable::add_row(std::vector<std::string> cells) {
  NADIR_ASSERT(cells.size() == header_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  const size_t num_columns = header_.size();
  std::vector<size_t> widths(num_columns);
  std::vector<bool> is_right(num_columns, !rows_.empty());
  for (size_t c = 0; c < num_columns; ++c) {
    widths[c] = display_width(header_[c]);
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], display_width(row[c]));
      is_right[c] = is_right[c] && is_numeric(row[c]);
    }
  }
  std::string out;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t c = 0; c < num_columns; ++c) {
      const std::string blanks(widths[c] - display_width(cells[c]), ' ');
      line += is_right[c] ? blanks + cells[c] : cells[c] + blanks;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  add_line(header_);
  size_t total = 0;
  for (const size_t width : widths) {
    total += width + 2;
  }
  out += std::string(total - 2, '-') + "\n";
  for (const auto& row : rows_) {
    add_line(row);
  }
  return out;
}

}  // namespace nadir
