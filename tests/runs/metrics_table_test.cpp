#include "runs/metrics_table.h"

#include <cmath>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/random.h"
#include "runs/metrics_reader.h"
#include "runs/metrics_writer.h"

namespace nadir::runs {
namespace {

class MetricsTableTest : public testing::Test {
 protected:
  void append_text(const std::string& bytes) const {
    std::ofstream(file_, std::ios::binary | std::ios::app) << bytes;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "metrics.jsonl";
};

// A key's value in a record as the table says it.
double expected_value(const nlohmann::json& record, const std::string& key) {
  const auto found = record.find(key);
  if (found == record.end() || !(found->is_number() || found->is_null())) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return found->is_null() ? std::numeric_limits<double>::infinity()
                          : found->get<double>();
}

void expect_column(
    const std::vector<double>& column,
    const std::vector<nlohmann::json>& records,
    const std::string& key) {
  ASSERT_EQ(column.size(), records.size()) << key;
  for (size_t i = 0; i < column.size(); ++i) {
    const double wanted = expected_value(records[i], key);
    if (std::isnan(wanted)) {
      EXPECT_TRUE(std::isnan(column[i])) << key << " of record " << i;
    } else {
      EXPECT_EQ(column[i], wanted) << key << " of record " << i;
    }
  }
}

// Keys come and go, numbers are of any size, pieces have borders anywhere.
TEST_F(MetricsTableTest, HoldsWhatTheReaderReadsWhateverTheRecords) {
  {
    RandomStream random(7, StreamPurpose::kTest, 0);
    MetricsWriter writer(file_);
    for (int step = 1; step <= 40000; ++step) {
      nlohmann::ordered_json record = {{"step", step}};
      if (random.uniform() < 0.9) {
        record["loss"] = std::exp(random.uniform() * 80 - 40);
      }
      if (random.uniform() < 0.1) {
        record["knn_accuracy"] = random.uniform();
      }
      if (random.uniform() < 0.01) {
        record["grad_norm"] = std::numeric_limits<double>::infinity();
      }
      record["lr"] = -random.uniform();
      if (random.uniform() < 0.01) {
        record["note"] = "a \"text\"";
      }
      writer.write(record);
      if (step % 1000 == 0) {
        writer.write({{"step", step}, {"event", "checkpoint"}, {"text", "x"}});
      }
    }
  }
  std::vector<nlohmann::json> records;
  int num_events = 0;
  read_metrics(file_, [&](const nlohmann::json& record) {
    if (record.contains("event")) {
      ++num_events;
    } else {
      records.push_back(record);
    }
  });
  ASSERT_GT(std::filesystem::file_size(file_), 2 << 20);  // several pieces
  for (const int num_threads : {1, 2, 5}) {
    MetricsTable table(file_);
    EXPECT_TRUE(table.read_new(num_threads));
    EXPECT_EQ(table.num_rows(), 40000);
    EXPECT_EQ(table.num_damaged(), 0);
    ASSERT_EQ(table.events().size(), num_events);
    EXPECT_EQ(table.events()[1].step, 2000);
    EXPECT_EQ(table.events()[1].kind, "checkpoint");
    for (const std::string key :
         {"step", "loss", "knn_accuracy", "grad_norm", "lr"}) {
      ASSERT_NE(table.column(key), nullptr) << key;
      expect_column(*table.column(key), records, key);
    }
    EXPECT_EQ(table.column("note"), nullptr);
  }
}

TEST_F(MetricsTableTest, FollowsAFileThatGrowsAndOneThatIsReplaced) {
  MetricsTable table(file_);
  EXPECT_TRUE(table.read_new());
  append_text("{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"lo");
  EXPECT_TRUE(table.read_new());
  EXPECT_EQ(table.num_rows(), 1);
  append_text("ss\":null}\n{\"step\":3,\"extra\":1}\n");
  EXPECT_TRUE(table.read_new());
  EXPECT_EQ(*table.column("step"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(
      (*table.column("loss"))[1], std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan((*table.column("loss"))[2]));
  EXPECT_EQ((*table.column("extra"))[2], 1);
  { MetricsWriter(file_, 1).write({{"step", 2}, {"loss", 7.0}}); }
  EXPECT_FALSE(table.read_new());
  EXPECT_EQ(*table.column("step"), (std::vector<double>{1, 2}));
  EXPECT_EQ(*table.column("loss"), (std::vector<double>{2.5, 7}));
  std::filesystem::remove(file_);
  EXPECT_FALSE(table.read_new());
  EXPECT_EQ(table.num_rows(), 0);
}

TEST_F(MetricsTableTest, CountsDamagedLinesAndTakesNothingOfThem) {
  append_text(
      "{\"step\":1,\"loss\":1}\n{\"step\":99,\"loss\":98,oops}\n[1]\n\n"
      "{\"loss\":3}\n{\"step\": 4, \"loss\": 4e999}\n{\"step\":5}");
  MetricsTable table(file_);
  table.read_new();
  EXPECT_EQ(table.num_damaged(), 3);
  ASSERT_EQ(table.num_rows(), 2);
  EXPECT_TRUE(std::isnan((*table.column("step"))[1]));
  EXPECT_EQ((*table.column("loss"))[1], 3);
  table.take_unfinished();
  EXPECT_EQ(table.column("step")->back(), 5);
}

}  // namespace
}  // namespace nadir::runs
