#include "table/csv.h"

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::table {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string field = "\"";
  for (const char letter : text) {
    field += letter;
    if (letter == '"') {
      field += letter;
    }
  }
  return field + '"';
}

std::string header_of(const Column& column) {
  const auto* rows = std::get_if<FloatRowsColumn>(&column.values);
  if (rows == nullptr) {
    return quoted(column.name);
  }
  std::vector<std::string> names;
  for (int64_t i = 0; i < rows->width; ++i) {
    names.push_back(quoted(fmt::format("{}_{}", column.name, i)));
  }
  return join(names, ",");
}

// The field (or fields) of row `row`.
struct FieldOf {
  size_t row;

  std::string operator()(const TextColumn& texts) const {
    return quoted(texts[row].value_or(""));
  }

  std::string operator()(const TextListColumn& lists) const {
    return quoted(join(lists[row].value_or(TextList()), "|"));
  }

  std::string operator()(const FlagColumn& flags) const {
    return flags[row] ? "true" : "false";
  }

  std::string operator()(const IntegerColumn& integers) const {
    return fmt::format("{}", integers[row]);
  }

  std::string operator()(const NumberColumn& numbers) const {
    return fmt::format("{}", numbers[row]);
  }

  std::string operator()(const BytesColumn&) const {
    fail(ErrorCode::kInvalidArgument, "CSV cannot hold a column of bytes");
  }

  std::string operator()(const FloatRowsColumn& rows) const {
    const auto width = static_cast<size_t>(rows.width);
    std::vector<std::string> fields;
    for (size_t i = 0; i < width; ++i) {
      fields.push_back(fmt::format("{}", rows.values[row * width + i]));
    }
    return join(fields, ",");
  }
};

}  // namespace

std::string to_csv(const Table& table) {
  check_rows(table);
  std::vector<std::string> fields;
  for (const auto& column : table.columns) {
    fields.push_back(header_of(column));
  }
  std::string text = join(fields, ",") + '\n';
  const auto num_rows = static_cast<size_t>(table.num_rows());
  for (size_t row = 0; row < num_rows; ++row) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      text += i > 0 ? "," : "";
      text += std::visit(FieldOf{row}, table.columns[i].values);
    }
    text += '\n';
  }
  return text;
}

void write_csv(const std::filesystem::path& path, const Table& table) {
  write_file(path, to_csv(table));
}

}  // namespace nadir::table
