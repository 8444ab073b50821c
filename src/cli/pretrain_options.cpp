#include "cli/pretrain_options.h"

#include <filesystem>
#include <fstream>

#include "core/environment.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace nadir::cli {
namespace {

struct Alias {
  const char* flag;
  const char* key;
  const char* help;
};

// Other names of fields: short ones, and the article's.
constexpr Alias kAliases[] = {
    {"--data", "data_path", "The same as --data-path."},
    {"--data-dir", "data_path", "The same as --data-path."},
    {"--metadata-dir", "index", "The same as --index; a file or its folder."},
    {"--out", "output_dir", "The same as --output-dir."},
    {"--batch-size", "batch_size_per_gpu", "The same as --batch-size-per-gpu."},
};

struct ForeignFlag {
  const char* flag;
  const char* why;
};

// Flags of the reference program, and of SageMaker's scripts, that change
// nothing here.
constexpr ForeignFlag kForeignFlags[] = {
    {"--use-fp16",
     "mixed precision is --precision bf16, which needs no scaler"},
    {"--dist-url", "processes meet where the environment says"},
    {"--local-rank", "the environment says which process this is"},
    {"--smdistributed",
     "SMDDP is a closed library for Python; data parallel goes by NCCL, on the "
     "CPU by Gloo, with the same sums"},
};

// The words this process was started with.
std::vector<std::string> read_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) {
    words.push_back(word);
  }
  return words;
}

void add_aliases(
    Command command, const std::vector<Field>& fields, const FlagTexts& texts) {
  for (const auto& alias : kAliases) {
    command.add_alias(
        alias.flag, find_field(fields, alias.key), texts, alias.help);
  }
}

void add_foreign_flags(Command command) {
  for (const auto& foreign : kForeignFlags) {
    command.add_ignored(
        foreign.flag,
        std::string("Accepted without effect: ") + foreign.why + ".",
        "Of the reference program",
        [foreign] {
          // The first of several processes speaks for all.
          const auto rank = process_environment()("RANK");
          if (!rank || *rank == "0") {
            log_warning(
                "train", "{} has no effect: {}", foreign.flag, foreign.why);
          }
        });
  }
}

}  // namespace

FlagTexts add_pretrain_options(
    Command command, const std::shared_ptr<PretrainOptions>& options) {
  command.add(
      "--recipe",
      options->recipe,
      "auto chooses by the data's size and says why; a TOML file sets "
      "fields; flags win over both.");
  command
      .add(
          "--resume",
          options->resume,
          "auto goes on from the run's last checkpoint, if there is one.")
      .one_of({"auto", "no"});
  command.add_flag(
      "--overwrite",
      options->overwrite,
      "Start over an existing run, which is moved aside.");
  command.add_flag(
      "--dry-run",
      options->dry_run,
      "Print the resolved run and its estimates, and stop.");
  const auto fields = fields_of(options->config);
  const auto texts = command.add_fields(fields);
  add_aliases(command, fields, texts);
  add_foreign_flags(command);
  return texts;
}

std::string index_file(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(path)) {
    return path;
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".parquet") {
      files.push_back(entry.path().string());
    }
  }
  NADIR_CHECK(
      files.size() == 1,
      "--index {} is a folder that holds {} .parquet files; it must hold one, "
      "or name the file",
      path,
      files.size());
  return files.front();
}

void resolve_config(PretrainOptions& options, const FlagTexts& texts) {
  options.command_line = read_command_line();
  const auto fields = fields_of(options.config);
  if (options.recipe != "none" && options.recipe != "auto") {
    read_toml(fields, read_file(options.recipe), options.recipe);
    apply_flags(fields, texts);
  }
  auto& config = options.config;
  NADIR_CHECK(
      !config.data.data_path.empty(),
      "--data must name the training images, e.g. --data ben-rgb");
  NADIR_CHECK(
      !config.run.output_dir.empty() || options.dry_run,
      "--out must name the run folder, e.g. --out runs/a");
}

}  // namespace nadir::cli
