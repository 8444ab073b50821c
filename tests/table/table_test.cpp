#include "table/table.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::table {
namespace {

Table rows_of_all_types(const std::string& text, float value) {
  Table table;
  table.columns.push_back({"text", TextColumn{text, std::nullopt}});
  table.columns.push_back({"lists", TextListColumn{TextList{text}, {}}});
  table.columns.push_back({"flag", FlagColumn{true, false}});
  table.columns.push_back({"integer", IntegerColumn{1, 2}});
  table.columns.push_back({"bytes", BytesColumn{{text, ""}}});
  table.columns.push_back(
      {"row", FloatRowsColumn{2, {value, value, value, value}}});
  return table;
}

TEST(AppendRows, PutsTheRowsOfEveryTypeBehindTheOthers) {
  auto table = rows_of_all_types("a", 1);
  append_rows(table, rows_of_all_types("b", 2));
  EXPECT_NO_THROW(check_rows(table));
  EXPECT_EQ(table.num_rows(), 4);
  EXPECT_EQ(
      table.get<TextColumn>("text"),
      (TextColumn{"a", std::nullopt, "b", std::nullopt}));
  EXPECT_EQ(
      table.get<FlagColumn>("flag"), (FlagColumn{true, false, true, false}));
  EXPECT_EQ(table.get<BytesColumn>("bytes").rows[2], "b");
  EXPECT_EQ(
      table.get<FloatRowsColumn>("row").values,
      (std::vector<float>{1, 1, 1, 1, 2, 2, 2, 2}));
}

TEST(AppendRows, RefusesTablesThatDiffer) {
  const auto whole = rows_of_all_types("a", 1);
  auto fewer = whole;
  fewer.columns.pop_back();
  auto renamed = whole;
  renamed.columns[1].name = "other";
  auto of_other_type = whole;
  of_other_type.columns[3].values = NumberColumn{1, 2};
  auto wider = whole;
  wider.columns.back().values = FloatRowsColumn{1, {1, 2}};
  for (const auto& other : {fewer, renamed, of_other_type, wider}) {
    auto table = whole;
    EXPECT_THROW(append_rows(table, other), Error);
    auto turned = other;
    EXPECT_THROW(append_rows(turned, whole), Error);
  }
}

}  // namespace
}  // namespace nadir::table
