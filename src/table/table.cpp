#include "table/table.h"

#include <algorithm>
#include <iterator>

#include "core/config.h"
#include "core/error.h"

namespace nadir::table {
namespace {

int64_t rows_of(const Column& column) {
  return std::visit(
      [](const auto& values) -> int64_t {
        using Values = std::decay_t<decltype(values)>;
        if constexpr (std::is_same_v<Values, BytesColumn>) {
          return static_cast<int64_t>(values.rows.size());
        } else if constexpr (std::is_same_v<Values, FloatRowsColumn>) {
          return values.width == 0
                     ? 0
                     : static_cast<int64_t>(values.values.size()) /
                           values.width;
        } else {
          return static_cast<int64_t>(values.size());
        }
      },
      column.values);
}

template <class Values>
constexpr const char* name_of() {
  if constexpr (std::is_same_v<Values, TextColumn>) {
    return "text";
  } else if constexpr (std::is_same_v<Values, TextListColumn>) {
    return "lists of text";
  } else if constexpr (std::is_same_v<Values, FlagColumn>) {
    return "flags";
  } else if constexpr (std::is_same_v<Values, IntegerColumn>) {
    return "integers";
  } else if constexpr (std::is_same_v<Values, NumberColumn>) {
    return "numbers";
  } else if constexpr (std::is_same_v<Values, BytesColumn>) {
    return "bytes";
  } else {
    return "rows of numbers";
  }
}

const Column* find(
    const std::vector<Column>& columns, const std::string& name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
        return column.name == name;
      });
  return found == columns.end() ? nullptr : &*found;
}

// Returns false where the two cannot go together.
template <class Values>
bool append_values(Values& values, Values& more) {
  const auto move_to_end = [](auto& to, auto& from) {
    to.insert(
        to.end(),
        std::make_move_iterator(from.begin()),
        std::make_move_iterator(from.end()));
  };
  if constexpr (std::is_same_v<Values, BytesColumn>) {
    move_to_end(values.rows, more.rows);
  } else if constexpr (std::is_same_v<Values, FloatRowsColumn>) {
    if (values.values.empty()) {
      values.width = more.width;
    }
    if (!more.values.empty() && values.width != more.width) {
      return false;
    }
    move_to_end(values.values, more.values);
  } else if constexpr (std::is_same_v<Values, FlagColumn>) {
    values.insert(values.end(), more.begin(), more.end());
  } else {
    move_to_end(values, more);
  }
  return true;
}

}  // namespace

int64_t Table::num_rows() const {
  return columns.empty() ? 0 : rows_of(columns.front());
}

bool Table::has(const std::string& name) const {
  return find(columns, name) != nullptr;
}

template <class Values>
const Values& Table::get(const std::string& name) const {
  const Column* column = find(columns, name);
  if (column == nullptr) {
    std::vector<std::string> names;
    for (const auto& other : columns) {
      names.push_back(other.name);
    }
    fail(
        ErrorCode::kCorruptData,
        "the table has no column '{}'; there are: {}",
        name,
        join(names, ", "));
  }
  const auto* values = std::get_if<Values>(&column->values);
  if (values == nullptr) {
    fail(
        ErrorCode::kCorruptData,
        "column '{}' should hold {}, it holds {}",
        name,
        name_of<Values>(),
        std::visit(
            [](const auto& other) {
              return name_of<std::decay_t<decltype(other)>>();
            },
            column->values));
  }
  return *values;
}

template const TextColumn& Table::get(const std::string&) const;
template const TextListColumn& Table::get(const std::string&) const;
template const FlagColumn& Table::get(const std::string&) const;
template const IntegerColumn& Table::get(const std::string&) const;
template const NumberColumn& Table::get(const std::string&) const;
template const BytesColumn& Table::get(const std::string&) const;
template const FloatRowsColumn& Table::get(const std::string&) const;

void append_rows(Table& table, Table more) {
  bool is_alike = table.columns.size() == more.columns.size();
  for (size_t c = 0; c < table.columns.size() && is_alike; ++c) {
    is_alike =
        table.columns[c].name == more.columns[c].name &&
        table.columns[c].values.index() == more.columns[c].values.index();
    if (is_alike) {
      is_alike = std::visit(
          [&](auto& values) {
            using Values = std::decay_t<decltype(values)>;
            return append_values(
                values, std::get<Values>(more.columns[c].values));
          },
          table.columns[c].values);
    }
    if (!is_alike) {
      fail(
          ErrorCode::kCorruptData,
          "column '{}' is not the same in both tables",
          table.columns[c].name);
    }
  }
  if (!is_alike) {
    fail(ErrorCode::kCorruptData, "the tables differ in their columns");
  }
}

void check_rows(const Table& table) {
  for (const auto& column : table.columns) {
    if (rows_of(column) != table.num_rows()) {
      fail(
          ErrorCode::kInvalidArgument,
          "column '{}' has {} rows, column '{}' has {}",
          column.name,
          rows_of(column),
          table.columns.front().name,
          table.num_rows());
    }
  }
}

}  // namespace nadir::table
