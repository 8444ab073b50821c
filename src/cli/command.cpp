#include "cli/command.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/json.h"

namespace nadir::cli {
namespace {

std::string flag_name(const std::string& key) {
  std::string name = "--" + key;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// A boolean that is off shows this as its default. The parser hands it over
// where the flag stands alone, and then it is on.
constexpr char kOffUnlessNamed[] = "off; alone: on";

std::string shown_default(const Field& field, const std::string& type) {
  const std::string text = field_text(field);
  if (type != "flag") {
    return text;
  }
  return text == "true" ? "on" : kOffUnlessNamed;
}

template <class T>
Argument add_value(
    CLI::App& app,
    const std::string& names,
    T& value,
    const std::string& help) {
  return Argument(*app.add_option(names, value, help)->capture_default_str());
}

}  // namespace

Argument& Argument::required() {
  option_->required();
  return *this;
}

Argument& Argument::one_of(const std::vector<std::string>& choices) {
  option_->check(CLI::IsMember(choices));
  return *this;
}

Argument& Argument::at_least(int64_t minimum) {
  option_->check(CLI::Validator(
      [minimum](const std::string& text) {
        int64_t value = 0;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, value);
        if (read.ec != std::errc() || read.ptr != end) {
          return fmt::format("must be an integer, got '{}'", text);
        }
        return value >= minimum
                   ? std::string()
                   : fmt::format("must be >= {}, got {}", minimum, value);
      },
      ""));
  return *this;
}

bool Argument::is_given() const {
  return option_->count() > 0;
}

Command Command::add_command(const std::string& name, const std::string& help) {
  return Command(*app_->add_subcommand(name, help));
}

Command Command::add_group(const std::string& name, const std::string& help) {
  auto* group = app_->add_subcommand(name, help);
  group->require_subcommand(1);
  return Command(*group);
}

Argument Command::add(
    const std::string& names, std::string& value, const std::string& help) {
  return add_value(*app_, names, value, help);
}

Argument Command::add(
    const std::string& names,
    std::filesystem::path& value,
    const std::string& help) {
  return Argument(*app_->add_option(names, value, help));
}

Argument Command::add(
    const std::string& names, int64_t& value, const std::string& help) {
  return add_value(*app_, names, value, help);
}

Argument Command::add(
    const std::string& names, int& value, const std::string& help) {
  return add_value(*app_, names, value, help);
}

Argument Command::add(
    const std::string& names, uint64_t& value, const std::string& help) {
  return add_value(*app_, names, value, help);
}

Argument Command::add(
    const std::string& names,
    std::vector<std::string>& values,
    const std::string& help) {
  auto* option = app_->add_option(names, values, help);
  option->delimiter(',')->allow_extra_args(false);
  option->default_str(join(values, ","));
  return Argument(*option);
}

Argument Command::add_words(
    const std::string& names,
    std::vector<std::string>& words,
    const std::string& help) {
  return Argument(*app_->add_option(names, words, help));
}

Argument Command::add_repeated(
    const std::string& names,
    std::vector<std::string>& words,
    const std::string& help) {
  return Argument(
      *app_->add_option(names, words, help)->allow_extra_args(false));
}

Argument Command::add_flag(
    const std::string& names, bool& value, const std::string& help) {
  return Argument(*app_->add_flag(names, value, help));
}

std::shared_ptr<bool> Command::add_json_flag() {
  auto wanted = std::make_shared<bool>(false);
  add_flag("--json", *wanted, "Print the result as JSON.");
  return wanted;
}

FlagTexts Command::add_fields(const std::vector<Field>& fields) {
  auto texts = std::make_shared<std::map<std::string, std::string>>();
  for (const auto& field : fields) {
    const std::string type = field_type(field);
    const CLI::callback_t set = [field, texts](const CLI::results_t& words) {
      std::string text = join(words, ",");
      if (text == kOffUnlessNamed) {
        text = "on";
      }
      set_field(field, text);
      (*texts)[field.key] = text;
      return true;
    };
    auto* option = app_->add_option(flag_name(field.key), set, field.help);
    option->type_name(type == "flag" ? "on|off" : type);
    option->default_str(shown_default(field, type));
    option->run_callback_for_default(false);
    if (type == "flag") {
      option->expected(0, 1);
    } else if (type == "texts" || type == "numbers") {
      option->expected(1, 1 << 20);
    } else {
      option->expected(1);
    }
    if (!field.section.empty()) {
      option->group(field.section);
    }
  }
  return texts;
}

void Command::add_alias(
    const std::string& flag,
    const Field& field,
    const FlagTexts& texts,
    const std::string& help) {
  app_->add_option_function<std::string>(
          flag,
          [field, texts](const std::string& text) {
            set_field(field, text);
            (*texts)[field.key] = text;
          },
          help)
      ->type_name(field_type(field));
}

void Command::add_ignored(
    const std::string& flag,
    const std::string& help,
    const std::string& group,
    std::function<void()> warn) {
  const CLI::callback_t call = [warn = std::move(warn)](const CLI::results_t&) {
    warn();
    return true;
  };
  app_->add_option(flag, call, help)
      ->type_name("text")
      ->expected(0, 1)
      ->group(group);
}

void Command::set_example(const std::string& example) {
  app_->footer("Example:\n  " + example);
}

void Command::on_run(std::function<void()> action) {
  app_->callback([app = app_, action = std::move(action)] {
    if (app->get_subcommands().empty()) {
      action();
    }
  });
}

const CLI::App& Command::root() const {
  const CLI::App* root = app_;
  while (root->get_parent() != nullptr) {
    root = root->get_parent();
  }
  return *root;
}

void apply_flags(const std::vector<Field>& fields, const FlagTexts& texts) {
  for (const auto& [key, text] : *texts) {
    set_field(find_field(fields, key), text);
  }
}

void print_json(const nlohmann::json& json) {
  const std::string text = json_text(json, 2);
  std::printf("%s\n", text.c_str());
}

}  // namespace nadir::cli
