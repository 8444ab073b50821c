#include <cmath>
#include <fstream>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "runs/metrics_reader.h"
#include "runs/metrics_writer.h"

namespace nadir::runs {
namespace {

using Json = nlohmann::ordered_json;

class MetricsTest : public testing::Test {
 protected:
  void append(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::app) << bytes;
  }

  [[nodiscard]] std::vector<double> steps() const {
    std::vector<double> found;
    read_metrics(path_, [&](const nlohmann::json& record) {
      found.push_back(record.at("step").get<double>());
    });
    return found;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "metrics.jsonl";
};

using MetricsWriterTest = MetricsTest;
using MetricsReaderTest = MetricsTest;

TEST_F(MetricsWriterTest, KeepsTheOrderOfKeysAndWritesOneLineARecord) {
  MetricsWriter writer(path_);
  writer.write({{"step", 1}, {"epoch", 0.5}, {"loss", 6.25}});
  writer.write({{"step", 2}, {"event", "warning"}, {"text", "a\nb"}});
  EXPECT_EQ(
      read_file(path_),
      "{\"step\":1,\"epoch\":0.5,\"loss\":6.25}\n"
      "{\"step\":2,\"event\":\"warning\",\"text\":\"a\\nb\"}\n");
}

TEST_F(MetricsWriterTest, NumbersReadBackToTheSameBits) {
  const double loss = 6.931471805599453094;
  { MetricsWriter(path_).write({{"step", 1}, {"loss", loss}}); }
  read_metrics(path_, [&](const nlohmann::json& record) {
    EXPECT_EQ(record.at("loss").get<double>(), loss);
  });
}

TEST_F(MetricsWriterTest, NonFiniteNumbersAreNull) {
  MetricsWriter writer(path_);
  writer.write({{"step", 1}, {"loss", std::nan("")}});
  writer.write(
      {{"step", 2}, {"loss", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(
      read_file(path_),
      "{\"step\":1,\"loss\":null}\n{\"step\":2,\"loss\":null}\n");
}

TEST_F(MetricsWriterTest, ResumingAtAStepCutsWhatCameAfterIt) {
  {
    MetricsWriter writer(path_);
    writer.write({{"event", "no step"}, {"step", 0}});
    for (int step = 1; step <= 9; ++step) {
      writer.write({{"step", step}, {"loss", 1.0 / step}});
    }
    writer.write({{"step", 9}, {"event", "stop"}});
  }
  {
    MetricsWriter writer(path_, 4);
    writer.write({{"step", 5}, {"loss", 0.2}});
  }
  EXPECT_EQ(steps(), (std::vector<double>{0, 1, 2, 3, 4, 5}));
}

TEST_F(MetricsWriterTest, AResumedFileEqualsTheUninterruptedOne) {
  const auto write_steps = [](MetricsWriter& writer, int from, int to) {
    for (int step = from; step <= to; ++step) {
      writer.write({{"step", step}, {"loss", std::sqrt(step)}});
    }
  };
  const auto straight = folder_.path() / "straight.jsonl";
  {
    MetricsWriter writer(straight);
    write_steps(writer, 1, 20);
  }
  {
    MetricsWriter writer(path_);
    write_steps(writer, 1, 13);
  }
  append("{\"step\":14,\"lo");  // killed here
  {
    MetricsWriter writer(path_, 10);
    write_steps(writer, 11, 20);
  }
  EXPECT_EQ(read_file(path_), read_file(straight));
}

TEST_F(MetricsWriterTest, OpeningRemovesALineCutByACrash) {
  { MetricsWriter(path_).write({{"step", 1}}); }
  append("{\"step\":2,\"loss\":0.");
  { MetricsWriter(path_).write({{"step", 2}}); }
  EXPECT_EQ(read_file(path_), "{\"step\":1}\n{\"step\":2}\n");
}

TEST_F(MetricsWriterTest, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) {
    GTEST_SKIP() << "no /dev/full here";
  }
  MetricsWriter writer("/dev/full");
  EXPECT_THROW(writer.write({{"step", 1}}), Error);
}

TEST_F(MetricsReaderTest, FollowsAGrowingFileLineByLine) {
  MetricsReader reader(path_);
  int count = 0;
  const auto consume = [&](const nlohmann::json&) { ++count; };
  EXPECT_TRUE(reader.read_new(consume));  // no file yet
  append("{\"step\":1}\n{\"step\":2}\n{\"st");
  EXPECT_TRUE(reader.read_new(consume));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(reader.unfinished(), "{\"st");
  append("ep\":3}\n");
  EXPECT_TRUE(reader.read_new(consume));
  EXPECT_EQ(count, 3);
  EXPECT_TRUE(reader.read_new(consume));
  EXPECT_EQ(count, 3);
  EXPECT_EQ(reader.num_damaged(), 0);
}

TEST_F(MetricsReaderTest, StartsAgainWhenAResumeReplacedTheFile) {
  MetricsReader reader(path_);
  std::vector<int> seen;
  const auto consume = [&](const nlohmann::json& record) {
    seen.push_back(record.at("step").get<int>());
  };
  append("{\"step\":1}\n{\"step\":2}\n");
  reader.read_new(consume);
  seen.clear();
  {
    MetricsWriter writer(path_, 1);
    writer.write({{"step", 2}});
    writer.write({{"step", 3}});
  }
  EXPECT_FALSE(reader.read_new(consume));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST_F(MetricsReaderTest, SkipsAndCountsDamagedLines) {
  append("{\"step\":1}\nnonsense\n[1]\n\n{\"step\":2}\n{\"step\":3,\"x\":");
  EXPECT_EQ(steps(), (std::vector<double>{1, 2}));
  EXPECT_EQ(read_metrics(path_, [](const nlohmann::json&) {}), 3);
}

TEST_F(MetricsReaderTest, AWholeLastLineWithoutNewlineCounts) {
  append("{\"step\":1}\n{\"step\":2}");
  EXPECT_EQ(steps(), (std::vector<double>{1, 2}));
}

TEST_F(MetricsReaderTest, LinesLongerThanABlockAreWhole) {
  const std::string text(3 << 20, 'x');
  { MetricsWriter(path_).write({{"step", 1}, {"text", text}}); }
  read_metrics(path_, [&](const nlohmann::json& record) {
    EXPECT_EQ(record.at("text").get<std::string>(), text);
  });
}

TEST_F(MetricsReaderTest, AMissingFileIsAnError) {
  EXPECT_THROW(read_metrics(path_, [](const nlohmann::json&) {}), nadir::Error);
}

}  // namespace
}  // namespace nadir::runs
