#include "container/job_command.h"

#include <algorithm>
#include <optional>
#include <set>

#include "container/job_inputs.h"
#include "container/model_archive.h"
#include "container/weights_source.h"
#include "core/config.h"
#include "core/error.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

struct KnownCommand {
  const char* name;
  Words words;
  const char* result;  // the file or folder that --out names, below the output
  bool reads_network;
  bool needs_one_host;
};

const std::vector<KnownCommand>& known_commands() {
  static const std::vector<KnownCommand> commands = {
      {"pretrain", {"pretrain"}, "", false, false},
      {"linear", {"eval", "linear"}, "", true, false},
      {"knn", {"eval", "knn"}, "", true, false},
      {"predict", {"predict"}, "predictions.parquet", true, false},
      {"embed", {"embed"}, "features.parquet", true, true},
      {"pack", {"data", "pack"}, "dataset", false, true},
      {"index", {"data", "index"}, "index.parquet", false, true}};
  return commands;
}

const KnownCommand& known_command(const std::string& name) {
  Words names;
  for (const auto& command : known_commands()) {
    if (command.name == name) {
      return command;
    }
    names.emplace_back(command.name);
  }
  fail(
      ErrorCode::kInvalidArgument,
      "hyperparameter nadir_command must be one of {}, got '{}'",
      join(names, ", "),
      name);
}

// Hyperparameters of every job that are no flags.
const Words& names_of_job() {
  static const Words names = {
      "nadir_command",
      "data_channel",
      "metadata_channel",
      "checkpoint_channel",
      "checkpoint_dir",
      "output_dir",
      "out"};
  return names;
}

// What the article says of the network, which weights and images have of
// themselves.
Words expected_names(const std::string& command) {
  if (!known_command(command).reads_network) {
    return {};
  }
  return command == "linear" ? Words{"arch", "patch_size", "num_labels"}
                             : Words{"arch", "patch_size"};
}

class Translation {
 public:
  Translation(
      const TrainingJob& job,
      const std::string& name,
      const std::vector<CommandFlag>& flags,
      const fs::path& scratch)
      : job_(job),
        user_(job.hyperparameters),
        known_(known_command(name)),
        flags_(flags),
        scratch_(scratch) {
    made_.name = name;
    use(contract_names(name));
  }

  JobCommand make() {
    NADIR_CHECK(
        !known_.needs_one_host || job_.hosts.num_nodes == 1,
        "nadir_command {} runs on one host, since hosts share no folder; the "
        "job has {}",
        made_.name,
        job_.hosts.num_nodes);
    set_output();
    add_inputs();
    add_network();
    add_out();
    add_users_flags();
    Words words = shares_work() ? Words{"launch", "--"} : Words{};
    words.insert(words.end(), known_.words.begin(), known_.words.end());
    words.insert(words.end(), positional_.begin(), positional_.end());
    words.insert(words.end(), words_.begin(), words_.end());
    made_.steps.push_back(std::move(words));
    return std::move(made_);
  }

 private:
  [[nodiscard]] bool is(const char* name) const { return made_.name == name; }

  [[nodiscard]] bool has_source_word() const {
    return is("pack") || is("index");
  }

  // Whether `nadir launch` starts this host's processes; pretrain does itself.
  [[nodiscard]] bool shares_work() const {
    return known_.reads_network && job_.hosts.world_size() > 1;
  }

  void use(const Words& names) { used_.insert(names.begin(), names.end()); }

  // The path of a hyperparameter; `otherwise` where it is not set.
  [[nodiscard]] fs::path path_of(
      const std::string& name, const fs::path& otherwise) const {
    const auto text = user_.text(name);
    return text && !text->empty() ? job_.paths.here(*text) : otherwise;
  }

  void add(const std::string& flag, const std::string& value) {
    words_.push_back(flag + "=" + value);
  }

  void set_output() {
    const InputRole role{"results", {"output_dir", "out"}, "", {}};
    const auto given = given_name(user_, role);
    made_.output = given ? path_of(*given, {}) : job_.paths.output;
    if (job_.hosts.num_nodes > 1 && made_.output == job_.paths.output) {
      made_.output /= job_.current_host;  // all hosts' trees are merged
    }
  }

  void add_inputs() {
    const auto found = require_input(job_, image_role(), made_.remarks);
    const Channel* pipe = pipe_at(job_, found);
    auto images = pipe == nullptr ? images_in(found)
                                  : stored(*pipe, PipeContent::kArchive);
    std::optional<fs::path> index;
    if (!is("index")) {
      index = find_input(job_, index_role(), made_.remarks);
      NADIR_CHECK(
          pipe == nullptr || index,
          "channel {} is in Pipe mode, an archive of patches, which needs "
          "their index: give the job the channel metadata with it",
          pipe->name);
    }
    if (has_source_word()) {
      positional_.push_back(images.string());
    } else if (pipe != nullptr || is_model_archive(images)) {
      images = add_packing(images, index);
      index.reset();
    }
    if (index && fs::exists(images / "dataset.json")) {
      made_.remarks.push_back(fmt::format(
          "{} is a packed dataset, which holds its index; {} is not read",
          images.string(),
          index->string()));
      index.reset();
    }
    if (!has_source_word()) {
      add("--data", images.string());
    }
    if (index) {
      add("--index", index_file(*index).string());
    }
  }

  fs::path stored(const Channel& channel, PipeContent content) {
    made_.pipes.push_back(pipe_input(channel, content, scratch_ / "pipes"));
    return made_.pipes.back().file;
  }

  fs::path index_file(const fs::path& found) {
    const Channel* pipe = pipe_at(job_, found);
    return pipe == nullptr ? index_in(found)
                           : stored(*pipe, PipeContent::kParquet);
  }

  // Archives are streams, and training reads in random order.
  fs::path add_packing(
      const fs::path& archive, const std::optional<fs::path>& index) {
    const fs::path dataset = scratch_ / "dataset";
    Words words = {"data", "pack", archive.string()};
    words.push_back("--out=" + dataset.string());
    if (index) {
      words.push_back("--index=" + index_file(*index).string());
    }
    if (const auto bands = user_.text("bands")) {
      words.push_back("--bands=" + *bands);
    }
    made_.steps.push_back(std::move(words));
    return dataset;
  }

  void add_network() {
    if (is("pretrain")) {
      if (const auto given = user_.text("init_weights");
          given && *given != "") {
        use({"init_weights"});
        add("--init-weights",
            find_weights(job_.paths.here(*given), scratch_).string());
      }
      return;
    }
    if (!known_.reads_network) {
      return;
    }
    if (is("predict")) {
      add_probe();
    } else {
      made_.weights = find_weights(
          require_input(job_, weights_role(), made_.remarks), scratch_);
      add("--weights", made_.weights.string());
    }
    take_expected();
    if (job_.num_gpus > 0 && !user_.has("device")) {
      add("--device", "cuda");
    }
  }

  void add_probe() {
    const auto given = user_.text("probe");
    const auto source =
        given && *given != ""
            ? job_.paths.here(*given)
            : require_input(job_, weights_role(), made_.remarks);
    add("--probe", find_probe(source, scratch_).string());
    if (given_name(user_, weights_role())) {
      add("--weights",
          find_weights(
              require_input(job_, weights_role(), made_.remarks), scratch_)
              .string());
    }
  }

  void take_expected() {
    for (const auto& name : expected_names(made_.name)) {
      if (const auto text = user_.text(name)) {
        made_.expected[name] = *text;
      }
    }
  }

  void add_out() {
    const fs::path checkpoints =
        path_of("checkpoint_dir", job_.paths.checkpoints);
    if (is("pretrain")) {
      made_.work = checkpoints / "run";
      add("--out", made_.work.string());
      add("--resume", "auto");
    } else if (is("linear") || is("knn")) {
      // Features that an interrupted job has made are there for the next.
      made_.work = checkpoints / made_.name;
      add("--out", made_.work.string());
    } else {
      made_.work = made_.output / known_.result;
      add("--out", made_.work.string());
    }
  }

  void add_users_flags() {
    for (const auto& [name, value] : user_.user) {
      if (used_.contains(name)) {
        continue;
      }
      const auto flag = std::find_if(
          flags_.begin(), flags_.end(), [&](const CommandFlag& one) {
            return one.name == name;
          });
      NADIR_CHECK(
          std::find(flags_of_job().begin(), flags_of_job().end(), name) ==
              flags_of_job().end(),
          "hyperparameter {}: the job sets this itself; leave it out",
          name);
      NADIR_CHECK(
          flag != flags_.end(),
          "hyperparameter {} is no flag of nadir {}{}; see nadir {} --help",
          name,
          join(known_.words, " "),
          did_you_mean(name, known_names()),
          join(known_.words, " "));
      add_flag(*flag, hyperparameter_text(name, value));
    }
  }

  void add_flag(const CommandFlag& flag, const std::string& text) {
    std::string name = "--" + flag.name;
    std::replace(name.begin(), name.end(), '_', '-');
    if (flag.takes_value && text.empty()) {
      words_.insert(words_.end(), {name, ""});
    } else if (flag.takes_value) {
      add(name, text);
    } else if (is_on(flag.name, text)) {
      words_.push_back(name);
    }
  }

  // As core/config.h reads booleans.
  static bool is_on(const std::string& name, const std::string& text) {
    bool value = false;
    const std::string key = "hyperparameter " + name;
    set_field({"", key, "", &value}, text);
    return value;
  }

  // What this command takes, of the job's and of its own.
  [[nodiscard]] Words known_names() const {
    Words names(used_.begin(), used_.end());
    for (const auto& flag : flags_) {
      names.push_back(flag.name);
    }
    return names;
  }

  const TrainingJob& job_;
  const Hyperparameters& user_;
  const KnownCommand& known_;
  const std::vector<CommandFlag>& flags_;
  const fs::path& scratch_;
  std::set<std::string> used_;
  Words positional_;
  Words words_;
  JobCommand made_;
};

}  // namespace

std::string job_command_name(const Hyperparameters& hyperparameters) {
  if (const auto name = hyperparameters.text("nadir_command")) {
    return known_command(*name).name;
  }
  const auto script = hyperparameters.framework.find("sagemaker_program");
  if (script == hyperparameters.framework.end()) {
    return "pretrain";
  }
  const auto file = fs::path(hyperparameter_text(script->first, script->second))
                        .filename()
                        .string();
  NADIR_CHECK(
      file == "main_dino.py" || file == "eval_linear.py",
      "sagemaker_program {}: nadir stands in for main_dino.py and "
      "eval_linear.py; name what this job runs with the hyperparameter "
      "nadir_command",
      file);
  return file == "main_dino.py" ? "pretrain" : "linear";
}

std::vector<std::string> job_command_words(const std::string& name) {
  return known_command(name).words;
}

std::vector<std::string> contract_names(const std::string& name) {
  Words names = names_of_job();
  const auto add = [&names](const Words& more) {
    names.insert(names.end(), more.begin(), more.end());
  };
  add(image_role().hyperparameters);
  if (name != "index") {
    add(index_role().hyperparameters);
  }
  if (known_command(name).reads_network) {
    add(weights_role().hyperparameters);
  }
  if (name == "predict") {
    add({"probe"});
  }
  add(expected_names(name));
  return names;
}

const std::vector<std::string>& flags_of_job() {
  static const Words names = {
      "resume", "overwrite", "dry_run", "part", "help", "feature_cache"};
  return names;
}

JobCommand translate_job(
    const TrainingJob& job,
    const std::string& name,
    const std::vector<CommandFlag>& flags,
    const fs::path& scratch) {
  return Translation(job, name, flags, scratch).make();
}

}  // namespace nadir::container
