// What a user can get wrong: the right exit code, one line that names the
// thing, and nothing left behind.
#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kData = 3;

class BadInput : public testing::Test {
 protected:
  BadInput() {
    make_folder(in("empty"));
    write_file(in("garbage.pth"), std::string(1000, 'g'));
    write_file(in("garbage.safetensors"), std::string(1000, 'g'));
    write_file(in("key.toml"), "[optim]\nepochz = 3\n");
    write_file(in("section.toml"), "[optm]\nepochs = 3\n");
    write_file(in("syntax.toml"), "[optim\nepochs = 3\n");
    write_file(in("type.toml"), "[optim]\nepochs = \"many\"\n");
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      inputs_.push_back(entry.path().filename());
    }
  }

  [[nodiscard]] fs::path in(const std::string& name) const {
    return folder_.path() / name;
  }

  [[nodiscard]] Outcome nadir(
      const std::vector<std::string>& words,
      ProcessOptions options = {}) const {
    options.folder = folder_.path();
    return run_nadir(words, options);
  }

  // One line that starts with the program's name and says `what`, and nothing
  // made.
  void expect_refused(
      const Outcome& outcome, int exit_code, const std::string& what) const {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.text();
    EXPECT_NE(outcome.err.find(what), std::string::npos)
        << "not said: " << what << "\n"
        << outcome.text();
    const size_t line = outcome.err.rfind("nadir: ", outcome.err.size());
    ASSERT_NE(line, std::string::npos) << outcome.text();
    EXPECT_EQ(outcome.err.find('\n', line), outcome.err.size() - 1)
        << outcome.text();
    for (const char* sign : {"internal error", "terminate", "frame #", "c10"}) {
      EXPECT_EQ(outcome.err.find(sign), std::string::npos) << outcome.text();
    }
    EXPECT_EQ(outcome.out, "");
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      EXPECT_NE(
          std::find(inputs_.begin(), inputs_.end(), entry.path().filename()),
          inputs_.end())
          << "left behind: " << entry.path();
    }
  }

  void expect_refused(
      const std::string& line, int exit_code, const std::string& what) const {
    SCOPED_TRACE("nadir " + line);
    expect_refused(nadir(words_of(line)), exit_code, what);
  }

  void expect_pretrain_refused(
      const std::string& more, int exit_code, const std::string& what) const {
    SCOPED_TRACE("nadir pretrain " + more);
    expect_refused(nadir(pretrain_words("run", more)), exit_code, what);
  }

  const TemporaryFolder folder_;
  std::vector<fs::path> inputs_;
};

TEST_F(BadInput, WordsThatDoNotParseEndWithUsage) {
  expect_refused(
      "pretrain --teacher_tmp 0.04",
      kUsage,
      "unknown flag --teacher-tmp, did you mean '--teacher-temp'?; see nadir "
      "pretrain --help");
  expect_refused(
      "data index x --out y --max-bad -1",
      kUsage,
      "--max-bad: must be >= 0, got -1; see nadir data index --help");
  expect_refused(
      "data index x --out y --max-bad 1z",
      kUsage,
      "--max-bad: must be an integer, got '1z'; see nadir data index --help");
}

TEST_F(BadInput, RecipesAreAnsweredByLineAndNearestKey) {
  expect_refused(
      "pretrain --recipe key.toml --out run",
      kUsage,
      "key.toml:2: unknown key 'epochz', did you mean 'epochs'?");
  expect_refused(
      "pretrain --recipe section.toml --out run",
      kUsage,
      "section.toml:1: unknown section [optm], did you mean 'optim'?");
  expect_refused(
      "pretrain --recipe syntax.toml --out run", kUsage, "syntax.toml:1: ");
  expect_refused(
      "pretrain --recipe type.toml --out run",
      kUsage,
      "type.toml:2: epochs must be an integer, got 'many'");
  expect_refused("pretrain --recipe none.toml --out run", kUsage, "none.toml");
}

TEST_F(BadInput, DataThatIsNotThereIsNamed) {
  expect_refused("pretrain --out run", kUsage, "--data must name");
  expect_refused("pretrain --data none --out run", kUsage, "none");
  expect_refused("pretrain --data empty --out run", kUsage, "empty holds no");
  expect_refused("data info none", kUsage, "none");
  expect_refused("data index none", kUsage, "none");
  expect_refused("data pack none --out packed", kUsage, "none");
  expect_refused("data verify none", kUsage, "none");
  expect_refused("report none", kUsage, "none");
  expect_refused("predict --probe none --data empty", kUsage, "none");
}

TEST_F(BadInput, BandsThatDoNotExistAreNamed) {
  expect_pretrain_refused(
      "--bands B04,B10",
      kUsage,
      "there is no band B10 (cirrus: level-2A products such as BigEarthNet's "
      "are without it)");
  expect_pretrain_refused("--bands B04,B99", kUsage, "B99");
  expect_pretrain_refused("--bands B04,B04", kUsage, "twice");
  expect_refused(
      nadir(
          {"data",
           "pack",
           (world_folder() / "BigEarthNet-v1.0").string(),
           "--index",
           index_file().string(),
           "--bands",
           "B04,B10",
           "--out",
           "packed"}),
      kUsage,
      "B10");
}

TEST_F(BadInput, FieldsOutOfRangeAreNamedWithTheirValue) {
  expect_pretrain_refused(
      "--lr fast", kUsage, "lr must be a number, got 'fast'");
  expect_pretrain_refused("--epochs 0", kUsage, "epochs must be at least 1");
  expect_pretrain_refused(
      "--global-crop-size 33",
      kUsage,
      "global_crop_size must be a multiple of patch_size = 16, got 33");
  expect_pretrain_refused(
      "--local-crop-size 33",
      kUsage,
      "local_crop_size must be a multiple of patch_size = 16, got 33");
  expect_pretrain_refused(
      "--patch-size 0", kUsage, "patch_size must be at least 1, got 0");
  expect_pretrain_refused("--batch-size 0", kUsage, "batch_size_per_gpu");
  expect_pretrain_refused("--batch-size 500", kUsage, "take a smaller batch");
  expect_pretrain_refused("--accumulate 0", kUsage, "accumulate");
  expect_pretrain_refused("--out-dim 0", kUsage, "out_dim must be > 0, got 0");
  expect_pretrain_refused("--num-threads -1", kUsage, "num_threads");
  expect_pretrain_refused(
      "--warmup-epochs 9", kUsage, "warmup_epochs must be between 0 and");
  expect_pretrain_refused("--global-crops-scale 0.4", kUsage, "got 1");
}

TEST_F(BadInput, NamesOfChoicesAreAnsweredWithTheNearest) {
  expect_pretrain_refused(
      "--optimizer adam", kUsage, "got 'adam', did you mean 'adamw'?");
  expect_pretrain_refused(
      "--arch vit_smal", kUsage, "did you mean 'vit_small'?");
  expect_pretrain_refused("--precision fp16", kUsage, "fp32, bf16, auto");
  expect_pretrain_refused("--device gpu", kUsage, "device must be cpu");
  expect_pretrain_refused("--normalization rgb", kUsage, "'rgb'");
  expect_pretrain_refused("--split tset", kUsage, "'tset'");
}

TEST_F(BadInput, PlacesThatCannotBeWrittenAreNamed) {
  const auto at = [](const char* out) { return pretrain_words(out); };
  // Not even root makes folders there.
  expect_refused(nadir(at("/proc/run")), kFailed, "/proc/run");
  expect_refused(
      nadir(at("key.toml")),
      kUsage,
      "key.toml is a file; choose another --out");
  expect_refused(nadir(at("key.toml/run")), kFailed, "key.toml/run");
  expect_refused("data synth /proc/world --patches 4", kFailed, "/proc/world");
  expect_refused(
      nadir(
          {"export",
           "--weights",
           finished_run().string(),
           "--out",
           "/proc/x.safetensors"}),
      kFailed,
      "/proc");
}

TEST_F(BadInput, WeightsThatAreNoneAreNamed) {
  const std::string data = packed_data().string();
  expect_refused(
      nadir(
          {"eval", "knn", "--weights", "garbage.safetensors", "--data", data}),
      kData,
      "garbage.safetensors is not a valid safetensors file");
  expect_refused(
      nadir({"eval", "linear", "--weights", "garbage.pth", "--data", data}),
      kData,
      "garbage.pth holds no weights");
  expect_refused("import garbage.pth --out w", kData, "garbage.pth");
  expect_refused(
      "export --weights none --out w.safetensors",
      kUsage,
      "there are no weights none");
  expect_refused("export --weights empty --out w.safetensors", kUsage, "empty");
  expect_pretrain_refused("--init-weights garbage.pth", kData, "garbage.pth");
  expect_pretrain_refused("--init-weights none", kUsage, "none");
}

TEST_F(BadInput, AnotherNormalisationThanTheWeightsIsRefused) {
  for (const char* command : {"knn", "linear"}) {
    expect_refused(
        nadir(
            {"eval",
             command,
             "--weights",
             finished_run().string(),
             "--data",
             packed_data().string(),
             "--normalization",
             "zscore",
             "--out",
             "scores"}),
        kUsage,
        "zscore");
  }
}

// A probe goes with the network that it was trained on.
TEST_F(BadInput, AProbeOfOtherWeightsIsRefused) {
  const TemporaryFolder other;
  const auto trained = run_nadir(
      pretrain_words(other.path() / "run", "--seed 9 --stop-after-steps 1"));
  ASSERT_EQ(trained.exit_code, 0) << trained.text();
  const auto probed = run_nadir(words_of(
      "eval linear --epochs 1 --lr 0.1 --blocks 1 --pool cls --bootstrap 0 "
      "--baselines off --num-workers 1",
      {"--weights",
       finished_run().string(),
       "--data",
       packed_data().string(),
       "--out",
       (other.path() / "scores").string()}));
  ASSERT_EQ(probed.exit_code, 0) << probed.text();
  expect_refused(
      nadir(
          {"predict",
           "--probe",
           (other.path() / "scores" / "linear").string(),
           "--weights",
           (other.path() / "run").string(),
           "--data",
           packed_data().string(),
           "--out",
           "labels.csv"}),
      kUsage,
      "probe");
}

TEST_F(BadInput, AFullDiskLeavesNoHalfFiles) {
  ProcessOptions options;
  options.file_size_limit = 100'000;
  expect_refused(
      nadir(
          {"export",
           "--weights",
           finished_run().string(),
           "--out",
           "w.safetensors"},
          options),
      kFailed,
      "w.safetensors");
  expect_refused(
      nadir({"data", "synth", "world", "--patches", "4", "--archive"}, options),
      kFailed,
      "world");
}

TEST_F(BadInput, AFullDiskStopsARunAtItsLastCheckpoint) {
  ProcessOptions options;
  options.file_size_limit = 1'000'000;  // a checkpoint takes more
  const auto outcome = nadir(pretrain_words("run"), options);
  EXPECT_EQ(outcome.exit_code, kFailed) << outcome.text();
  EXPECT_NE(outcome.err.find("state.safetensors"), std::string::npos)
      << outcome.text();
  EXPECT_FALSE(fs::exists(in("run/checkpoints/step-00000003")));
  EXPECT_EQ(read_json(in("run/status.json"))["state"], "failed");
  // With room again, it goes on.
  const auto resumed = nadir(pretrain_words("run", "--resume auto"));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.text();
  EXPECT_EQ(training_records(in("run")), training_records(finished_run()));
}

TEST_F(BadInput, OutputThatNobodyCanReadIsAFailure) {
  ProcessOptions options;
  options.out_path = "/dev/full";
  const auto outcome = nadir({"data", "fetch", "--list"}, options);
  EXPECT_EQ(outcome.exit_code, kFailed) << outcome.text();
  EXPECT_NE(outcome.err.find("standard output"), std::string::npos)
      << outcome.text();
}

}  // namespace
}  // namespace nadir::cli
