// A table of named columns in memory, as nadir's index and prediction files
// hold it. No Arrow types here; parquet.h reads and writes these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nadir::table {

using TextList = std::vector<std::string>;

// Column types: nullable text, nullable lists of text, and non-null flags,
// integers, numbers, bytes (WKB geometry) and fixed-width float rows.
using TextColumn = std::vector<std::optional<std::string>>;
using TextListColumn = std::vector<std::optional<TextList>>;
using FlagColumn = std::vector<bool>;
using IntegerColumn = std::vector<int64_t>;
using NumberColumn = std::vector<double>;

struct BytesColumn {
  std::vector<std::string> rows;
};

struct FloatRowsColumn {
  int64_t width = 0;
  std::vector<float> values;  // num_rows * width
};

struct Column {
  std::string name;
  std::variant<
      TextColumn,
      TextListColumn,
      FlagColumn,
      IntegerColumn,
      NumberColumn,
      BytesColumn,
      FloatRowsColumn>
      values;
};

struct Table {
  std::vector<Column> columns;

  [[nodiscard]] int64_t num_rows() const;

  // The column's values; throws Error{kCorruptData} naming the column if it
  // is missing or of another type.
  template <class Values>
  [[nodiscard]] const Values& get(const std::string& name) const;

  [[nodiscard]] bool has(const std::string& name) const;
};

// Appends the rows of `more`. Throws Error{kCorruptData} naming a column that
// only one of the two has, or that differs in type or width.
void append_rows(Table& table, Table more);

// Throws Error{kInvalidArgument} naming a column whose number of rows is not
// that of the first.
void check_rows(const Table& table);

}  // namespace nadir::table
