// Tables for people: aligned columns on standard output.
#pragma once

#include <string>
#include <vector>

namespace nadir {

// Text columns are left aligned, columns whose cells are all numbers right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);

  // A row must have as many cells as the header.
  void add_row(std::vector<std::string> cells);

  // Lines with two blanks between columns, a rule under the header, a newline
  // at the end.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace nadir
