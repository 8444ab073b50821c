#include "table/parquet.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::table {
namespace {

class ParquetFile : public ::testing::Test {
 protected:
  // Writes one column as another program would.
  void write_foreign(const std::shared_ptr<arrow::Array>& array) const {
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("column", array->type())}), {array});
    const auto file = arrow::io::FileOutputStream::Open(path_.string());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(parquet::arrow::WriteTable(
                    *table, arrow::default_memory_pool(), *file, 2)
                    .ok());
    ASSERT_TRUE((*file)->Close().ok());
  }

  std::string error_of(const std::vector<std::string>& columns) const {
    try {
      (void)read_parquet(path_, columns);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "table.parquet";
};

TEST_F(ParquetFile, KeepsEveryTypeNullsAndMetadata) {
  Table table;
  const TextColumn texts = {"a", std::nullopt, "\xc3\xa9"};
  const TextListColumn lists = {TextList{"x", "x"}, std::nullopt, TextList{}};
  const BytesColumn bytes = {{std::string("\0\x01", 2), "", "b"}};
  table.columns.push_back({"text", texts});
  table.columns.push_back({"lists", lists});
  table.columns.push_back({"flag", FlagColumn{true, false, true}});
  table.columns.push_back({"integer", IntegerColumn{1, -2, 1LL << 60}});
  table.columns.push_back({"number", NumberColumn{0.1, -1e300, 0}});
  table.columns.push_back({"bytes", bytes});
  table.columns.push_back({"row", FloatRowsColumn{2, {1, 2, 3, 4, 5, 6}}});
  write_parquet(path_, table, {{"geo", "{}"}});

  const Table read = read_parquet(path_);
  ASSERT_EQ(read.columns.size(), 7U);
  EXPECT_EQ(read.num_rows(), 3);
  EXPECT_EQ(read.get<TextColumn>("text"), texts);
  EXPECT_EQ(read.get<TextListColumn>("lists"), lists);
  EXPECT_EQ(read.get<FlagColumn>("flag"), (FlagColumn{true, false, true}));
  EXPECT_EQ(read.get<IntegerColumn>("integer")[2], 1LL << 60);
  EXPECT_EQ(read.get<NumberColumn>("number")[0], 0.1);
  EXPECT_EQ(read.get<BytesColumn>("bytes").rows, bytes.rows);
  EXPECT_EQ(read.get<FloatRowsColumn>("row").width, 2);
  EXPECT_EQ(read.get<FloatRowsColumn>("row").values[5], 6.0F);
  EXPECT_EQ(read_parquet_metadata(path_).at("geo"), "{}");
}

TEST_F(ParquetFile, ReadsTheWantedColumnsInTheWantedOrder) {
  Table table;
  table.columns.push_back({"a", IntegerColumn{1}});
  table.columns.push_back({"b", IntegerColumn{2}});
  table.columns.push_back({"c", IntegerColumn{3}});
  write_parquet(path_, table);
  const Table read = read_parquet(path_, {"c", "a"});
  ASSERT_EQ(read.columns.size(), 2U);
  EXPECT_EQ(read.columns[0].name, "c");
  EXPECT_EQ(read.get<IntegerColumn>("a")[0], 1);
  EXPECT_FALSE(read.has("b"));
  EXPECT_EQ(
      read_parquet_columns(path_), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ParquetFile, ReadsAnEmptyTable) {
  Table table;
  table.columns.push_back({"a", TextColumn{}});
  write_parquet(path_, table);
  EXPECT_EQ(read_parquet(path_).num_rows(), 0);
}

TEST_F(ParquetFile, ReadsLargeStringsOfNewerPandas) {
  arrow::LargeStringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"a", "b", "c"}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  write_foreign(*builder.Finish());
  const Table read = read_parquet(path_);
  EXPECT_EQ(read.get<TextColumn>("column"), (TextColumn{"a", "b", "c", {}}));
}

TEST_F(ParquetFile, ReadsDictionaries) {
  arrow::StringDictionaryBuilder builder;
  for (const char* text : {"train", "test", "train"}) {
    ASSERT_TRUE(builder.Append(text).ok());
  }
  write_foreign(*builder.Finish());
  EXPECT_EQ(
      read_parquet(path_).get<TextColumn>("column"),
      (TextColumn{"train", "test", "train"}));
}

TEST_F(ParquetFile, ReadsListsWhateverTheirItemsAreCalled) {
  for (const char* name : {"item", "element", "array"}) {
    auto items = std::make_shared<arrow::LargeStringBuilder>();
    arrow::ListBuilder builder(
        arrow::default_memory_pool(),
        items,
        arrow::list(arrow::field(name, arrow::large_utf8())));
    ASSERT_TRUE(builder.Append().ok());
    ASSERT_TRUE(items->AppendValues({"a", "b"}).ok());
    write_foreign(*builder.Finish());
    EXPECT_EQ(
        read_parquet(path_).get<TextListColumn>("column")[0],
        (TextList{"a", "b"}));
  }
}

TEST_F(ParquetFile, NamesColumnsThatAreMissingOrOfAnotherType) {
  Table table;
  table.columns.push_back({"name", TextColumn{"x"}});
  write_parquet(path_, table);
  EXPECT_NE(error_of({"geometry"}).find("'geometry'"), std::string::npos);
  EXPECT_NE(error_of({"geometry"}).find("name"), std::string::npos);
  EXPECT_THROW((void)read_parquet(path_).get<FlagColumn>("name"), Error);
}

TEST_F(ParquetFile, RefusesEmptyFlagsAndTypesThatATableCannotHold) {
  arrow::BooleanBuilder flags;
  ASSERT_TRUE(flags.AppendNull().ok());
  write_foreign(*flags.Finish());
  EXPECT_NE(error_of({}).find("'column'"), std::string::npos);

  arrow::Date32Builder dates;
  ASSERT_TRUE(dates.Append(1).ok());
  write_foreign(*dates.Finish());
  EXPECT_NE(error_of({"column"}).find("date32"), std::string::npos);
  EXPECT_TRUE(read_parquet(path_).columns.empty());
}

TEST_F(ParquetFile, RefusesFilesThatAreNoParquetOrCut) {
  write_file(path_, "not parquet at all");
  EXPECT_NE(error_of({}).find("table.parquet"), std::string::npos);
  Table table;
  table.columns.push_back({"name", TextColumn(1000, "x")});
  write_parquet(path_, table);
  const std::string bytes = read_file(path_);
  write_file(path_, bytes.substr(0, bytes.size() - 20));
  EXPECT_NE(error_of({}), "");
  EXPECT_THROW((void)read_parquet(folder_.path() / "none"), Error);
}

TEST_F(ParquetFile, LeavesTheOldFileWhereTheNewTableIsWrong) {
  write_file(path_, "old");
  Table table;
  table.columns.push_back({"a", IntegerColumn{1, 2}});
  table.columns.push_back({"b", IntegerColumn{1}});
  EXPECT_THROW(write_parquet(path_, table), Error);
  EXPECT_EQ(read_file(path_), "old");
}

// A table's metadata went into a file of other columns, Arrow's description of
// its columns among it.
TEST_F(ParquetFile, MetadataIsWithoutArrowsOwnSchema) {
  Table table;
  table.columns.push_back({"a", IntegerColumn{1}});
  write_parquet(path_, table, {{"mine", "kept"}});
  EXPECT_EQ(read_parquet_metadata(path_), (Metadata{{"mine", "kept"}}));
}

}  // namespace
}  // namespace nadir::table
