#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

}  // namespace

FlagTexts add_config_flags(
    CLI::App& command, const std::vector<Field>& fields) {
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
    auto* option = command.add_option(flag_name(field.key), set, field.help);
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

void apply_flags(const std::vector<Field>& fields, const FlagTexts& texts) {
  for (const auto& [key, text] : *texts) {
    set_field(find_field(fields, key), text);
  }
}

void set_example(CLI::App& command, const std::string& example) {
  command.footer("Example:\n  " + example);
}

CLI::Validator at_least(int64_t minimum) {
  return CLI::Validator(
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
      "");
}

std::shared_ptr<bool> add_json_flag(CLI::App& command) {
  auto wanted = std::make_shared<bool>(false);
  command.add_flag("--json", *wanted, "Print the result as JSON.");
  return wanted;
}

void print_json(const nlohmann::json& json) {
  const std::string text =
      json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
}

}  // namespace nadir::cli
