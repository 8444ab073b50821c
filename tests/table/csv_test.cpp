#include "table/csv.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::table {
namespace {

TEST(Csv, WritesEveryTypeAndQuotesWhereNeeded) {
  Table table;
  table.columns.push_back(
      {"name", TextColumn{"plain", "with, comma", std::nullopt}});
  table.columns.push_back(
      {"labels", TextListColumn{TextList{"a", "say \"b\""}, {}, TextList{}}});
  table.columns.push_back({"snow", FlagColumn{true, false, false}});
  table.columns.push_back({"count", IntegerColumn{-1, 0, 1}});
  table.columns.push_back({"share", NumberColumn{0.1, 1, 1e-9}});
  table.columns.push_back({"p", FloatRowsColumn{2, {1, 2, 3, 4, 5, 0.5F}}});
  EXPECT_EQ(
      to_csv(table),
      "name,labels,snow,count,share,p_0,p_1\n"
      "plain,\"a|say \"\"b\"\"\",true,-1,0.1,1,2\n"
      "\"with, comma\",,false,0,1,3,4\n"
      ",,false,1,1e-09,5,0.5\n");
}

TEST(Csv, RefusesColumnsOfUnequalLengthAndBytes) {
  Table table;
  table.columns.push_back({"a", IntegerColumn{1, 2}});
  table.columns.push_back({"b", IntegerColumn{1}});
  EXPECT_THROW((void)to_csv(table), Error);
  table.columns[1] = {"b", BytesColumn{{"x", "y"}}};
  EXPECT_THROW((void)to_csv(table), Error);
}

}  // namespace
}  // namespace nadir::table
