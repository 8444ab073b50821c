// What is printed without work: help, versions, resolved configurations.
#include <algorithm>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/world.h"
#include "core/config.h"
#include "core/file.h"
#include "core/json.h"
#include "train/pretrain_config.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST(Help, IsPrintedAndNothingElse) {
  const auto outcome = run_nadir({"eval", "linear", "--help"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(
      outcome.out.find("Example:\n  nadir eval linear --weights"),
      std::string::npos)
      << outcome.text();
  EXPECT_EQ(outcome.err, "");
}

TEST(Help, ListsTheCommands) {
  const auto outcome = run_nadir({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* name : {"data", "pretrain", "eval", "predict", "doctor"}) {
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
  }
}

#ifndef __SANITIZE_ADDRESS__  // whose builds wait for all libraries
TEST(Version, IsSaidBeforeAnyLibraryStarts) {
  ProcessOptions options;
  options.variables = {{"LD_DEBUG", "libs"}};  // the loader tells on stderr
  const auto early = run_nadir({"--version"}, options);
  EXPECT_EQ(early.exit_code, 0);
  EXPECT_TRUE(early.out.starts_with("nadir ")) << early.out;
  EXPECT_EQ(early.err.find("calling init"), std::string::npos);

  const auto parsed = run_nadir({"--version", "doctor"}, options);
  EXPECT_EQ(parsed.out, early.out);
  EXPECT_NE(parsed.err.find("calling init"), std::string::npos);
}
#endif

#ifndef __SANITIZE_ADDRESS__
// libgomp, whose threads are LibTorch's, tells what it was started with.
TEST(Threads, WaitBrieflyUnlessTheUserSaysOtherwise) {
  const auto told = [](std::map<std::string, std::string> variables) {
    ProcessOptions options;
    options.variables = std::move(variables);
    options.variables["OMP_DISPLAY_ENV"] = "verbose";
    const auto outcome = run_nadir({"--version", "doctor"}, options);
    EXPECT_TRUE(outcome.out.starts_with("nadir ")) << outcome.text();
    return outcome.err;
  };
  const std::string brief = "GOMP_SPINCOUNT = '10000'";
  EXPECT_NE(told({}).find(brief), std::string::npos) << told({});
  EXPECT_EQ(
      told({{"OMP_WAIT_POLICY", "active"}}).find(brief), std::string::npos);
  EXPECT_NE(
      told({{"GOMP_SPINCOUNT", "7"}}).find("GOMP_SPINCOUNT = '7'"),
      std::string::npos);
}
#endif

TEST(Version, SaysWhereItCannotBeWritten) {
  ProcessOptions options;
  options.out_path = "/dev/full";
  const auto outcome = run_nadir({"--version"}, options);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(
      outcome.err.find("cannot write the standard output"), std::string::npos)
      << outcome.err;
}

class DryRun : public testing::Test {
 protected:
  [[nodiscard]] Outcome dry_run(const std::string& more) const {
    ProcessOptions options;
    options.folder = folder_.path();
    return run_nadir(
        words_of("pretrain --dry-run " + more, {"--data", data_}), options);
  }

  // Every field by its key, whatever its section.
  [[nodiscard]] json resolved(const std::string& more) const {
    const auto outcome = dry_run("--json " + more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
    json fields = json::object();
    const json config = outcome.json().value("config", json::object());
    for (const auto& section : config) {
      fields.update(section);
    }
    return fields;
  }

  const TemporaryFolder folder_;
  const std::string data_ = packed_data().string();
};

TEST_F(DryRun, PrintsTheRunAndWritesNothing) {
  const std::string small =
      "--arch vit_nano --out-dim 64 --batch-size 8 --warmup-epochs 2 ";
  const auto outcome = dry_run(small + "--out run");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  for (const char* told :
       {"effective batch 8", "learning rate", "steps", "of memory"}) {
    EXPECT_NE(outcome.err.find(told), std::string::npos)
        << told << outcome.text();
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  // What it prints is a recipe for the same run.
  write_file(folder_.path() / "same.toml", outcome.out);
  EXPECT_EQ(dry_run("--recipe same.toml").out, outcome.out);
  // It refuses what the run would refuse.
  EXPECT_EQ(dry_run(small + "--optimizer adam").exit_code, 2);
}

TEST_F(DryRun, AutoTellsEachChoiceWithItsReason) {
  const auto outcome = dry_run(
      "--recipe auto --arch vit_nano --batch-size 8 --teacher-temp "
      "0.05");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(outcome.err.find("out_dim = 1024 ("), std::string::npos)
      << outcome.text();
  // What the user gave stays.
  EXPECT_EQ(outcome.err.find(" teacher_temp = "), std::string::npos);
  EXPECT_NE(outcome.out.find("\nteacher_temp = 0.05\n"), std::string::npos);
}

// docs/dino.md, "Flags and defaults of the reference main program". Left out
// are those whose default is a place or a machine's: data_path, output_dir
// (must be given here), num_workers (0 takes all processors here; 10 there).
struct ReferenceFlag {
  const char* name;
  json value;         // the reference's default
  const char* other;  // another value to give
};

const std::vector<ReferenceFlag>& reference_flags() {
  static const std::vector<ReferenceFlag> flags = {
      {"arch", "vit_small", "vit_nano"},
      {"patch_size", 16, "8"},
      {"out_dim", 65536, "64"},
      {"norm_last_layer", true, "False"},
      {"momentum_teacher", 0.996, "0.9995"},
      {"use_bn_in_head", false, "true"},
      {"warmup_teacher_temp", 0.04, "0.03"},
      {"teacher_temp", 0.04, "0.07"},
      {"warmup_teacher_temp_epochs", 0, "5"},
      {"weight_decay", 0.04, "0.05"},
      {"weight_decay_end", 0.4, "0.5"},
      {"clip_grad", 3.0, "0.3"},
      {"batch_size_per_gpu", 64, "8"},
      {"epochs", 100, "20"},
      {"freeze_last_layer", 1, "0"},
      {"lr", 0.0005, "0.001"},
      {"warmup_epochs", 10, "2"},
      {"min_lr", 1e-6, "1e-5"},
      {"optimizer", "adamw", "sgd"},
      {"drop_path_rate", 0.1, "0.2"},
      {"global_crops_scale", {0.4, 1.0}, "0.14 1."},
      {"local_crops_number", 8, "2"},
      {"local_crops_scale", {0.05, 0.4}, "0.05 0.14"},
      {"saveckp_freq", 20, "5"},
      {"seed", 0, "7"}};
  return flags;
}

// What the text of a flag means: a number, a list, a boolean, a text.
json meaning(const std::string& text) {
  json list = json::array();
  for (const auto& word : words_of(text)) {
    const std::string value = word == "False"       ? "false"
                              : word.ends_with(".") ? word + "0"
                                                    : word;
    const auto parsed = parse_json_or_discard(value);
    list.push_back(parsed.is_discarded() ? json(word) : parsed);
  }
  return list.size() == 1 ? list[0] : list;
}

TEST(PretrainConfig, HasTheDefaultsOfTheReference) {
  train::PretrainConfig config;
  const auto fields = fields_of(config);
  for (const auto& flag : reference_flags()) {
    const json value = std::visit(
        [](const auto* field) { return json(*field); },
        find_field(fields, flag.name).target);
    EXPECT_EQ(value, flag.value) << flag.name;
  }
}

// "--teacher_temp", or with dashes.
std::string spelled(std::string name, char separator) {
  std::replace(name.begin(), name.end(), '_', separator);
  return " --" + name + " ";
}

TEST_F(DryRun, FlagsOfTheReferenceAreTakenInBothSpellings) {
  for (const char separator : {'_', '-'}) {
    std::string line;
    for (const auto& flag : reference_flags()) {
      line += spelled(flag.name, separator) + flag.other;
    }
    line += spelled("output_dir", separator) + ".";
    line += spelled("num_workers", separator) + "10";
    line += spelled("use_fp16", separator) + "true";
    line += spelled("dist_url", separator) + "env://";
    line += spelled("local_rank", separator) + "0";
    line += spelled("smdistributed", separator) + "true";
    const json fields = resolved(line);
    for (const auto& flag : reference_flags()) {
      EXPECT_EQ(fields.value(flag.name, json()), meaning(flag.other))
          << flag.name;
    }
    EXPECT_EQ(fields["num_workers"], 10);
    EXPECT_EQ(fields["output_dir"], ".");
  }
  // What has no effect says so.
  EXPECT_NE(
      dry_run("--arch vit_nano --out-dim 64 --batch-size 8 --use_fp16")
          .err.find("--use-fp16 has no effect"),
      std::string::npos);
}

TEST_F(DryRun, ABooleanThatStandsAloneIsOn) {
  const std::string small = "--arch vit_nano --out-dim 64 --batch-size 8 ";
  EXPECT_EQ(resolved(small)["vertical_flip"], false);
  const json fields =
      resolved(small + "--vertical-flip --quarter_turns --norm-last-layer off");
  EXPECT_EQ(fields["vertical_flip"], true);
  EXPECT_EQ(fields["quarter_turns"], true);
  EXPECT_EQ(fields["norm_last_layer"], false);
}

}  // namespace
}  // namespace nadir::cli
