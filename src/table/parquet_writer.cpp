#include <memory>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "core/error.h"
#include "core/file.h"
#include "table/parquet.h"

namespace nadir::table {
namespace {

constexpr int64_t kRowsPerGroup = 1 << 17;

// Arrow's reasons here are memory and disk.
void check(const arrow::Status& status) {
  if (!status.ok()) {
    fail(ErrorCode::kIo, "could not write Parquet: {}", status.ToString());
  }
}

struct ArrowColumn {
  std::shared_ptr<arrow::DataType> type;
  std::shared_ptr<arrow::Array> array;
};

std::shared_ptr<arrow::Array> finished(arrow::ArrayBuilder& builder) {
  std::shared_ptr<arrow::Array> array;
  check(builder.Finish(&array));
  return array;
}

// One overload for each alternative of Column::values.
struct ToArrow {
  ArrowColumn operator()(const TextColumn& texts) const {
    arrow::StringBuilder builder;
    for (const auto& text : texts) {
      check(text ? builder.Append(*text) : builder.AppendNull());
    }
    return {arrow::utf8(), finished(builder)};
  }

  ArrowColumn operator()(const TextListColumn& lists) const {
    auto items = std::make_shared<arrow::StringBuilder>();
    const auto type = arrow::list(arrow::field("element", arrow::utf8()));
    arrow::ListBuilder builder(arrow::default_memory_pool(), items, type);
    for (const auto& list : lists) {
      check(list ? builder.Append() : builder.AppendNull());
      if (list) {
        check(items->AppendValues(*list));
      }
    }
    return {type, finished(builder)};
  }

  ArrowColumn operator()(const FlagColumn& flags) const {
    arrow::BooleanBuilder builder;
    check(builder.AppendValues(flags));
    return {arrow::boolean(), finished(builder)};
  }

  ArrowColumn operator()(const IntegerColumn& integers) const {
    arrow::Int64Builder builder;
    check(builder.AppendValues(integers));
    return {arrow::int64(), finished(builder)};
  }

  ArrowColumn operator()(const NumberColumn& numbers) const {
    arrow::DoubleBuilder builder;
    check(builder.AppendValues(numbers));
    return {arrow::float64(), finished(builder)};
  }

  ArrowColumn operator()(const BytesColumn& bytes) const {
    arrow::BinaryBuilder builder;
    for (const auto& row : bytes.rows) {
      check(builder.Append(row));
    }
    return {arrow::binary(), finished(builder)};
  }

  ArrowColumn operator()(const FloatRowsColumn& rows) const {
    arrow::FloatBuilder builder;
    check(builder.AppendValues(rows.values));
    const auto type = arrow::fixed_size_list(
        arrow::field("element", arrow::float32(), false),
        static_cast<int32_t>(rows.width));
    const int64_t num_rows =
        rows.width == 0 ? 0
                        : static_cast<int64_t>(rows.values.size()) / rows.width;
    return {
        type,
        std::make_shared<arrow::FixedSizeListArray>(
            type, num_rows, finished(builder))};
  }
};

std::shared_ptr<arrow::Table> to_arrow(
    const Table& table, const Metadata& metadata) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& column : table.columns) {
    ArrowColumn converted = std::visit(ToArrow{}, column.values);
    fields.push_back(arrow::field(column.name, converted.type));
    arrays.push_back(converted.array);
  }
  const auto pairs = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : metadata) {
    pairs->Append(key, value);
  }
  return arrow::Table::Make(
      arrow::schema(fields, pairs), arrays, table.num_rows());
}

void write_arrow(const arrow::Table& table, const std::string& path) {
  auto file = arrow::io::FileOutputStream::Open(path);
  check(file.status());
  const auto properties = parquet::WriterProperties::Builder()
                              .compression(arrow::Compression::ZSTD)
                              ->build();
  const auto arrow_properties =
      parquet::ArrowWriterProperties::Builder().store_schema()->build();
  check(parquet::arrow::WriteTable(
      table,
      arrow::default_memory_pool(),
      *file,
      kRowsPerGroup,
      properties,
      arrow_properties));
  check((*file)->Close());
}

}  // namespace

void write_parquet(
    const std::filesystem::path& path,
    const Table& table,
    const Metadata& metadata) {
  check_rows(table);
  const auto arrow_table = to_arrow(table, metadata);
  write_file_with(path, [&](const std::filesystem::path& temporary) {
    write_arrow(*arrow_table, temporary.string());
  });
}

}  // namespace nadir::table
