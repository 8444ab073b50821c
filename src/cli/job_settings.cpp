#include "cli/job_settings.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "container/job_command.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

// NAME of "NAME=VALUE" and "NAME:MODE=VALUE".
std::string name_in(const std::string& word) {
  return word.substr(0, word.find_first_of(":="));
}

// The file's words, but for those whose names flags have too, and the flags'.
std::vector<std::string> merged(
    const std::vector<std::string>& of_file,
    const std::vector<std::string>& of_flags) {
  std::vector<std::string> words;
  for (const auto& word : of_file) {
    const bool is_replaced = std::any_of(
        of_flags.begin(), of_flags.end(), [&](const std::string& flag) {
          return name_in(flag) == name_in(word);
        });
    if (!is_replaced) {
      words.push_back(word);
    }
  }
  words.insert(words.end(), of_flags.begin(), of_flags.end());
  return words;
}

void add_lists(Command command, cloud::JobLists& lists) {
  for (const auto& field : fields_of(lists)) {
    command.add_repeated(
        "--" + field.key,
        *std::get<std::vector<std::string>*>(field.target),
        field.help);
  }
}

void read_settings_file(JobOptions& options) {
  cloud::JobLists of_file;
  auto fields = fields_of(options.config);
  for (const auto& field : fields_of(of_file)) {
    fields.push_back(field);
  }
  read_toml(fields, read_file(options.file), options.file);
  auto& flags = options.lists;
  flags.input = merged(of_file.input, flags.input);
  flags.hp = merged(of_file.hp, flags.hp);
  flags.tag = merged(of_file.tag, flags.tag);
  flags.environment = merged(of_file.environment, flags.environment);
  flags.metric = merged(of_file.metric, flags.metric);
}

std::string value_type(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type == "INT" || type == "UINT") {
    return "integer";
  }
  return type == "FLOAT" ? "number" : type;
}

}  // namespace

FlagTexts add_job_settings(
    Command command, const std::shared_ptr<JobOptions>& options) {
  command.add("--config", options->file, "A TOML file with these settings.");
  const auto texts = command.add_fields(fields_of(options->config));
  add_lists(command, options->lists);
  add_session_flags(command, options->session);
  command.add_flag(
      "--wait", options->waits, "Watch the job until it ends, as attach does.");
  (void)command.add_fields(fields_of(options->poll));
  command.add_flag(
      "--dry-run",
      options->dry_run,
      "Print the request and stop; asks no service.");
  command.add_flag(
      "--local",
      options->local,
      "Run the job on this host by the same contract.");
  command.add(
      "--local-dir",
      options->local_dir,
      "With --local: outputs go to LOCAL_DIR/JOB.");
  command.add_words(
      "FLAGS", options->words, "After --: flags of the command that runs.");
  return texts;
}

void resolve_settings(JobOptions& options, const FlagTexts& texts) {
  if (options.file.empty()) {
    return;
  }
  read_settings_file(options);
  apply_flags(fields_of(options.config), texts);
}

std::string command_of_task(const std::string& task) {
  return "nadir " + join(container::job_command_words(task), " ");
}

cloud::KnownHyperparameters hyperparameters_of_task(
    const CLI::App& root, const std::string& task) {
  const CLI::App* command = &root;
  for (const auto& word : container::job_command_words(task)) {
    command = command->get_subcommand(word);
  }
  cloud::KnownHyperparameters known;
  known.contract = container::contract_names(task);
  known.containers = container::flags_of_job();
  for (const auto* option :
       command->get_options([](const CLI::Option*) { return true; })) {
    for (std::string name : option->get_lnames()) {
      std::replace(name.begin(), name.end(), '-', '_');
      known.flags.push_back(
          {name, option->get_items_expected_max() > 0, value_type(*option)});
    }
  }
  return known;
}

}  // namespace nadir::cli
