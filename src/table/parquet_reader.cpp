#include <memory>

#include <arrow/api.h>
#include <arrow/config.h>
#include <arrow/io/file.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

#include "core/config.h"
#include "core/error.h"
#include "table/parquet.h"

namespace nadir::table {
namespace {

// Where a value is read, for messages.
struct Place {
  const std::string& path;
  const std::string& column;
};

[[noreturn]] void fail_at(const Place& place, const std::string& what) {
  fail(
      ErrorCode::kCorruptData,
      "{}: column '{}' {}",
      place.path,
      place.column,
      what);
}

template <class T>
T value_of(arrow::Result<T> result, const std::string& path) {
  if (!result.ok()) {
    fail(ErrorCode::kCorruptData, "{}: {}", path, result.status().message());
  }
  return *std::move(result);
}

using FileReader = std::unique_ptr<parquet::arrow::FileReader>;

FileReader open_parquet(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) {
    fail(ErrorCode::kNotFound, "{}: no such file", path.string());
  }
  auto file =
      value_of(arrow::io::ReadableFile::Open(path.string()), path.string());
  auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool());
  if (!reader.ok()) {
    fail(
        ErrorCode::kCorruptData,
        "{}: not a readable Parquet file: {}",
        path.string(),
        reader.status().message());
  }
  return *std::move(reader);
}

std::shared_ptr<arrow::Schema> schema_of(
    const FileReader& reader, const std::string& path) {
  std::shared_ptr<arrow::Schema> schema;
  const arrow::Status status = reader->GetSchema(&schema);
  if (!status.ok()) {
    fail(ErrorCode::kCorruptData, "{}: {}", path, status.message());
  }
  return schema;
}

// Element `row` of a string, large_string, binary, large_binary or dictionary
// of them; nothing where null.
std::optional<std::string> text_at(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) {
    return std::nullopt;
  }
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetString(row);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetString(row);
    default:
      break;
  }
  const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
  return text_at(*coded.dictionary(), coded.GetValueIndex(row));
}

bool is_text(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return is_text(
        *static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return type.id() == arrow::Type::STRING ||
         type.id() == arrow::Type::LARGE_STRING;
}

bool is_bytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY ||
         type.id() == arrow::Type::LARGE_BINARY;
}

bool is_list(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST ||
         type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

// The items of row `row` of any kind of list: [begin, end) of its values.
std::pair<int64_t, int64_t> list_range(const arrow::Array& array, int64_t row) {
  if (array.type_id() == arrow::Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    return {list.value_offset(row), list.value_offset(row + 1)};
  }
  if (array.type_id() == arrow::Type::LARGE_LIST) {
    const auto& list = static_cast<const arrow::LargeListArray&>(array);
    return {list.value_offset(row), list.value_offset(row + 1)};
  }
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
  return {list.value_offset(row), list.value_offset(row + 1)};
}

const arrow::Array& list_items(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::LIST:
      return *static_cast<const arrow::ListArray&>(array).values();
    case arrow::Type::LARGE_LIST:
      return *static_cast<const arrow::LargeListArray&>(array).values();
    default:
      return *static_cast<const arrow::FixedSizeListArray&>(array).values();
  }
}

template <class ArrowArray>
auto number_at(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrowArray&>(array).Value(row);
}

int64_t integer_at(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return number_at<arrow::Int8Array>(array, row);
    case arrow::Type::UINT8:
      return number_at<arrow::UInt8Array>(array, row);
    case arrow::Type::INT16:
      return number_at<arrow::Int16Array>(array, row);
    case arrow::Type::UINT16:
      return number_at<arrow::UInt16Array>(array, row);
    case arrow::Type::INT32:
      return number_at<arrow::Int32Array>(array, row);
    case arrow::Type::UINT32:
      return number_at<arrow::UInt32Array>(array, row);
    case arrow::Type::UINT64:
      return static_cast<int64_t>(number_at<arrow::UInt64Array>(array, row));
    default:
      return number_at<arrow::Int64Array>(array, row);
  }
}

double real_at(const arrow::Array& array, int64_t row) {
  return array.type_id() == arrow::Type::FLOAT
             ? static_cast<double>(number_at<arrow::FloatArray>(array, row))
             : number_at<arrow::DoubleArray>(array, row);
}

bool is_real(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

// Calls take(array, row) for every row of every chunk.
template <class Take>
void for_each_row(const arrow::ChunkedArray& chunks, const Take& take) {
  for (const auto& chunk : chunks.chunks()) {
    for (int64_t row = 0; row < chunk->length(); ++row) {
      take(*chunk, row);
    }
  }
}

void refuse_nulls(const arrow::ChunkedArray& chunks, const Place& place) {
  if (chunks.null_count() > 0) {
    fail_at(place, fmt::format("has {} empty values", chunks.null_count()));
  }
}

TextListColumn to_text_lists(
    const arrow::ChunkedArray& chunks, const Place& place) {
  TextListColumn lists;
  lists.reserve(static_cast<size_t>(chunks.length()));
  for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
    if (array.IsNull(row)) {
      lists.emplace_back(std::nullopt);
      return;
    }
    const auto [begin, end] = list_range(array, row);
    TextList items;
    items.reserve(static_cast<size_t>(end - begin));
    for (int64_t i = begin; i < end; ++i) {
      auto item = text_at(list_items(array), i);
      if (!item) {
        fail_at(
            place, fmt::format("has an empty item in row {}", lists.size()));
      }
      items.push_back(*std::move(item));
    }
    lists.emplace_back(std::move(items));
  });
  return lists;
}

FloatRowsColumn to_float_rows(
    const arrow::ChunkedArray& chunks, const Place& place) {
  refuse_nulls(chunks, place);
  FloatRowsColumn rows;
  for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
    const auto [begin, end] = list_range(array, row);
    if (rows.values.empty()) {
      rows.width = end - begin;
      rows.values.reserve(static_cast<size_t>(rows.width * chunks.length()));
    }
    if (end - begin != rows.width) {
      fail_at(
          place,
          fmt::format("has rows of {} and {} items", rows.width, end - begin));
    }
    for (int64_t i = begin; i < end; ++i) {
      rows.values.push_back(static_cast<float>(real_at(list_items(array), i)));
    }
  });
  return rows;
}

// False if a Table holds no such type.
bool convert(
    const arrow::ChunkedArray& chunks, const Place& place, Column& column) {
  const arrow::DataType& type = *chunks.type();
  const auto num_rows = static_cast<size_t>(chunks.length());
  if (is_text(type)) {
    TextColumn texts;
    texts.reserve(num_rows);
    for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
      texts.push_back(text_at(array, row));
    });
    column.values = std::move(texts);
  } else if (is_list(type)) {
    const arrow::DataType& items = *type.field(0)->type();
    if (is_text(items)) {
      column.values = to_text_lists(chunks, place);
    } else if (is_real(items)) {
      column.values = to_float_rows(chunks, place);
    } else {
      return false;
    }
  } else if (is_bytes(type)) {
    BytesColumn bytes;
    bytes.rows.reserve(num_rows);
    for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
      bytes.rows.push_back(text_at(array, row).value_or(""));
    });
    column.values = std::move(bytes);
  } else if (type.id() == arrow::Type::BOOL) {
    refuse_nulls(chunks, place);
    FlagColumn flags;
    flags.reserve(num_rows);
    for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
      flags.push_back(number_at<arrow::BooleanArray>(array, row));
    });
    column.values = std::move(flags);
  } else if (arrow::is_integer(type.id())) {
    refuse_nulls(chunks, place);
    IntegerColumn integers;
    integers.reserve(num_rows);
    for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
      integers.push_back(integer_at(array, row));
    });
    column.values = std::move(integers);
  } else if (is_real(type)) {
    refuse_nulls(chunks, place);
    NumberColumn numbers;
    numbers.reserve(num_rows);
    for_each_row(chunks, [&](const arrow::Array& array, int64_t row) {
      numbers.push_back(real_at(array, row));
    });
    column.values = std::move(numbers);
  } else {
    return false;
  }
  return true;
}

// Reads one column of the file; Arrow's and Parquet's errors become ours.
std::shared_ptr<arrow::ChunkedArray> read_column(
    const FileReader& reader, int index, const std::string& path) {
  std::shared_ptr<arrow::ChunkedArray> chunks;
  try {
    const arrow::Status status = reader->ReadColumn(index, &chunks);
    if (!status.ok()) {
      fail(ErrorCode::kCorruptData, "{}: {}", path, status.message());
    }
  } catch (const parquet::ParquetException& error) {
    fail(ErrorCode::kCorruptData, "{}: {}", path, error.what());
  }
  return chunks;
}

}  // namespace

Table read_parquet(
    const std::filesystem::path& path,
    const std::vector<std::string>& columns) {
  const std::string name = path.string();
  const FileReader reader = open_parquet(path);
  const auto schema = schema_of(reader, name);
  const bool wants_all = columns.empty();
  const int64_t num_rows = reader->parquet_reader()->metadata()->num_rows();
  const auto there = schema->field_names();
  Table table;
  for (const auto& wanted : wants_all ? there : columns) {
    const int index = schema->GetFieldIndex(wanted);
    if (index < 0) {
      fail(
          ErrorCode::kCorruptData,
          "{}: has no column '{}'; there are: {}",
          name,
          wanted,
          join(there, ", "));
    }
    Column column{wanted, {}};
    const auto chunks = read_column(reader, index, name);
    const Place place{name, wanted};
    // Callers walk through columns side by side.
    if (chunks->length() != num_rows) {
      fail_at(
          place,
          fmt::format("is damaged: {} rows of {}", chunks->length(), num_rows));
    }
    if (convert(*chunks, place, column)) {
      table.columns.push_back(std::move(column));
    } else if (!wants_all) {
      fail_at(place, "is of type " + chunks->type()->ToString());
    }
  }
  return table;
}

Metadata read_parquet_metadata(const std::filesystem::path& path) {
  constexpr std::string_view kArrowSchema = "ARROW:schema";
  const FileReader reader = open_parquet(path);
  Metadata metadata;
  const auto pairs = reader->parquet_reader()->metadata()->key_value_metadata();
  if (pairs != nullptr) {
    for (int64_t i = 0; i < pairs->size(); ++i) {
      if (pairs->key(i) != kArrowSchema) {
        metadata[pairs->key(i)] = pairs->value(i);
      }
    }
  }
  return metadata;
}

std::vector<std::string> read_parquet_columns(
    const std::filesystem::path& path) {
  return schema_of(open_parquet(path), path.string())->field_names();
}

std::string arrow_version() {
  return arrow::GetBuildInfo().version_string;
}

}  // namespace nadir::table
