#include "dashboard/run_watch.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "dashboard/made_run.h"

namespace nadir::dashboard {
namespace {

TEST(WatchedRun, TakesInWhatATrainerWrites) {
  const TemporaryFolder folder;
  MadeRun trained(folder.path() / "a", 0.04);
  trained.train(3);
  WatchedRun run(0, trained.folder(), "runs/a");
  EXPECT_TRUE(run.update());
  EXPECT_FALSE(run.update());
  EXPECT_EQ(run.summary()["step"], 3.0);
  EXPECT_EQ(run.summary()["path"], "runs/a");
  EXPECT_EQ(run.summary()["state"], "running");
  trained.train(7);
  EXPECT_TRUE(run.update());
  const auto summary = run.summary();
  EXPECT_EQ(summary["step"], 10.0);
  EXPECT_EQ(summary["total_steps"], 1000);
  EXPECT_EQ(summary["time_left_s"], 990 * 0.5);
  trained.write_status(runs::RunState::kFinished);
  EXPECT_TRUE(run.update());
  EXPECT_EQ(run.summary()["state"], "finished");
  EXPECT_TRUE(run.summary()["time_left_s"].is_null());
}

TEST(WatchedRun, BeginsAnewWhereAResumeCutTheMetrics) {
  const TemporaryFolder folder;
  MadeRun trained(folder.path() / "a", 0.04);
  trained.train(10);
  WatchedRun run(0, trained.folder(), "a");
  run.update();
  {
    runs::MetricsWriter resumed(runs::RunPaths(trained.folder()).metrics, 4);
    resumed.write({{"step", 5}, {"epoch", 0.5}, {"loss", 1.0}});
  }
  EXPECT_TRUE(run.update());
  const auto json = run.curves(Query("keys=loss,unknown&x=step"));
  EXPECT_EQ(json["curves"].size(), 1);
  EXPECT_EQ(json["curves"]["loss"]["x"], (std::vector<double>{1, 2, 3, 4, 5}));
  EXPECT_EQ(json["curves"]["loss"]["mean"][4], 1.0);
  EXPECT_EQ(json["range"], (std::vector<double>{1, 5}));
}

TEST(WatchedRun, GivesStretchesOfCurvesOverAnyAxis) {
  const TemporaryFolder folder;
  MadeRun trained(folder.path() / "a", 0.04);
  trained.train(100);
  WatchedRun run(0, trained.folder(), "a");
  run.update();
  const auto by_time = run.curves(Query("keys=loss&x=time_s&from=10&to=20"));
  EXPECT_EQ(by_time["curves"]["loss"]["count"], 21);
  EXPECT_EQ(by_time["curves"]["loss"]["exact"], true);
  const auto few = run.curves(Query("keys=loss&points=5"));
  EXPECT_EQ(few["curves"]["loss"]["exact"], false);
  EXPECT_EQ(few["curves"]["loss"]["mean"].size(), 5);
  EXPECT_EQ(few["curves"]["loss"]["min"].size(), 5);
  for (const char* wrong : {"x=loss", "points=1", "from=abc"}) {
    EXPECT_THROW((void)run.curves(Query(wrong)), Error) << wrong;
  }
}

TEST(WatchedRun, SaysWhatElseItHas) {
  const TemporaryFolder folder;
  MadeRun trained(folder.path() / "a", 0.04);
  trained.train(2);
  const runs::RunPaths paths(trained.folder());
  std::filesystem::create_directories(paths.pictures);
  std::ofstream(paths.pictures / "attention.png") << "PNG";
  std::ofstream(trained.folder() / "notes.md") << "<script>";
  WatchedRun run(0, trained.folder(), "a");
  run.update();
  const auto details = run.details();
  EXPECT_EQ(details["pictures"], (std::vector<std::string>{"attention"}));
  EXPECT_EQ(details["config"]["loss.teacher_temp"], "0.04");
  EXPECT_EQ(details["notes"]["text"], "<script>");
  EXPECT_EQ(run.picture("attention"), "PNG");
  EXPECT_THROW((void)run.picture("../status"), Error);
}

TEST(RunWatch, FindsRunsInFoldersAndTellsThemApart) {
  const TemporaryFolder folder;
  const MadeRun first(folder.path() / "x" / "run", 0.04);
  const MadeRun second(folder.path() / "y" / "run", 0.07);
  const auto sources = find_runs(
      {(folder.path() / "x").string(), (folder.path() / "y" / "run").string()});
  ASSERT_EQ(sources.size(), 2);
  EventHub events;
  const RunWatch watch(sources, events);
  EXPECT_NE(watch.run(0).name(), watch.run(1).name());
  const auto differences = watch.differences()["differences"];
  ASSERT_EQ(differences.size(), 1);
  EXPECT_EQ(differences[0]["key"], "loss.teacher_temp");
  EXPECT_EQ(differences[0]["values"][1], "0.07");
  EXPECT_THROW((void)find_runs({folder.path().string()}), Error);
}

TEST(RunWatch, LeavesOutADamagedRunOfSeveral) {
  const TemporaryFolder folder;
  const MadeRun whole(folder.path() / "a", 0.04);
  std::filesystem::create_directories(folder.path() / "b");
  std::ofstream(folder.path() / "b" / "status.json") << "{\"step\": \"x\"}";
  EventHub events;
  const RunWatch watch(find_runs({folder.path().string()}), events);
  ASSERT_EQ(watch.size(), 1);
  EXPECT_EQ(watch.run(0).name(), "a");
  EXPECT_THROW(
      RunWatch(find_runs({(folder.path() / "b").string()}), events), Error);
}

TEST(RunWatch, KeepsCopiesUpToDateAndOutlivesErrors) {
  const TemporaryFolder folder;
  MadeRun copied(folder.path() / "run", 0.04);
  auto sources = find_runs({copied.folder().string()});
  std::atomic<int> num_calls = 0;
  sources[0].refresh_interval = std::chrono::milliseconds(1);
  sources[0].refresh = [&] {
    if (++num_calls == 1) {
      fail(ErrorCode::kIo, "the network is away");
    }
    copied.train(1);
  };
  EventHub events;
  const RunWatch watch(sources, events);
  for (int i = 0; i < 300 && watch.run(0).summary()["step"].get<double>() < 2;
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_GE(watch.run(0).summary()["step"], 2.0);
}

}  // namespace
}  // namespace nadir::dashboard
