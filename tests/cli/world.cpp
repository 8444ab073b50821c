#include "cli/world.h"

#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

fs::path root() {
  if (const char* shared = std::getenv("NADIR_CLI_WORLD")) {
    make_folder(shared);
    return shared;
  }
  static const TemporaryFolder folder;
  return folder.path();
}

// Runs `make` unless an earlier call, in whatever process, has come to its end.
fs::path made_once(
    const std::string& name, const std::function<void(const fs::path&)>& make) {
  const fs::path path = root() / name;
  const fs::path stamp = root() / (name + ".made");
  const fs::path lock = root() / (name + ".lock");
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  NADIR_CHECK(fd >= 0 && ::flock(fd, LOCK_EX) == 0, "cannot lock {}", name);
  if (!fs::exists(stamp)) {
    fs::remove_all(path);
    make(path);
    write_file(stamp, "");
  }
  ::close(fd);
  return path;
}

void run_or_throw(const std::vector<std::string>& words) {
  const auto outcome = run_nadir(words);
  NADIR_CHECK(outcome.exit_code == 0, "{}", outcome.text());
}

constexpr char kRecipe[] = R"([data]
data_path = "{}"
bands = ["B04", "B03", "B02"]
split = "all"
max_images = 24

[views]
global_crop_size = 32
local_crop_size = 16
local_crops_number = 2

[model]
arch = "vit_nano"

[head]
out_dim = 64
head_hidden_dim = 64
head_bottleneck_dim = 32

[optim]
epochs = 4
batch_size_per_gpu = 8
warmup_epochs = 1

[run]
knn_images = 12
stats_every_steps = 3
num_workers = 1
num_threads = 1
)";

}  // namespace

fs::path world_folder() {
  return made_once("world", [](const fs::path& path) {
    run_or_throw(
        {"data",
         "synth",
         path.string(),
         "--patches",
         fmt::format("{}", kNumPatches),
         "--seed",
         "3",
         "--masks"});
  });
}

fs::path index_file() {
  const fs::path world = world_folder();
  return made_once("index.parquet", [&](const fs::path& path) {
    run_or_throw(
        {"data",
         "index",
         (world / "BigEarthNet-v1.0").string(),
         "--lists",
         (world / "lists").string(),
         "--keep-discouraged",
         "--out",
         path.string()});
  });
}

fs::path packed_data() {
  const fs::path index = index_file();
  const fs::path source = world_folder() / "BigEarthNet-v1.0";
  return made_once("packed", [&](const fs::path& path) {
    run_or_throw(
        {"data",
         "pack",
         source.string(),
         "--index",
         index.string(),
         "--out",
         path.string()});
  });
}

fs::path tiny_recipe() {
  const fs::path data = packed_data();
  return made_once("tiny.toml", [&](const fs::path& path) {
    write_file(path, fmt::format(kRecipe, data.string()));
  });
}

fs::path finished_run() {
  static_cast<void>(tiny_recipe());
  return made_once("finished", [](const fs::path& path) {
    run_or_throw(pretrain_words(path));
  });
}

fs::path trained_probe() {
  const fs::path run = finished_run();
  const fs::path data = packed_data();
  return made_once(
             "scores",
             [&](const fs::path& path) {
               run_or_throw(words_of(
                   "eval linear --epochs 2 --lr 0.1 --blocks 1 --pool cls "
                   "--bootstrap 0 --num-workers 1",
                   {"--weights",
                    run.string(),
                    "--data",
                    data.string(),
                    "--out",
                    path.string()}));
             }) /
         "linear";
}

std::vector<std::string> pretrain_words(
    const fs::path& out, const std::string& more) {
  std::vector<std::string> words = {
      "pretrain", "--recipe", tiny_recipe().string(), "--out", out.string()};
  const auto last = words_of(more);
  words.insert(words.end(), last.begin(), last.end());
  return words;
}

}  // namespace nadir::cli
