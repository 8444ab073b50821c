#include "cloud/hyperparameters.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/json.h"

namespace nadir::cloud {
namespace {

bool is_one_of(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// A word such as -1 or -1e-4 is a value, not a flag.
bool is_number(const std::string& word) {
  char* end = nullptr;
  (void)std::strtod(word.c_str(), &end);
  return !word.empty() && end == word.c_str() + word.size();
}

bool is_flag(const std::string& word) {
  return word.starts_with("--") && word.size() > 2;
}

bool is_switch_word(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return is_one_of(word, {"true", "false", "on", "off", "yes", "no", "1", "0"});
}

void check_value(
    const std::string& name, const std::string& value, const KnownFlag& flag) {
  int64_t integer = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, integer);
  NADIR_CHECK(
      flag.type != "integer" || (read.ec == std::errc() && read.ptr == end),
      "hyperparameter {} must be an integer, got '{}'",
      name,
      value);
  NADIR_CHECK(
      flag.type != "number" || is_number(value),
      "hyperparameter {} must be a number, got '{}'",
      name,
      value);
  NADIR_CHECK(
      (flag.takes_value && flag.type != "on|off") || is_switch_word(value),
      "hyperparameter {} must be true or false, got '{}'",
      name,
      value);
}

}  // namespace

Pairs parse_flag_words(const std::vector<std::string>& words) {
  Pairs pairs;
  std::vector<std::string> values;
  const auto finish = [&] {
    if (!pairs.empty() && pairs.back().second.empty()) {
      pairs.back().second = values.empty() ? "true" : join(values, ",");
    }
    values.clear();
  };
  for (const auto& word : words) {
    if (!is_flag(word)) {
      NADIR_CHECK(
          !pairs.empty() && (!word.starts_with('-') || is_number(word)),
          "'{}' behind -- belongs to no flag; write --name value",
          word);
      values.push_back(word);
      continue;
    }
    finish();
    const auto equals = word.find('=');
    const std::string name = with_underscores(word.substr(2, equals - 2));
    for (const auto& [other, value] : pairs) {
      NADIR_CHECK(other != name, "--{} is behind -- twice", name);
    }
    pairs.emplace_back(name, "");
    if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    }
  }
  finish();
  return pairs;
}

void check_hyperparameters(
    const Pairs& hyperparameters,
    const KnownHyperparameters& known,
    const std::string& command) {
  const auto& flags = known.flags;
  std::vector<std::string> names;
  for (const auto& flag : flags) {
    names.push_back(flag.name);
  }
  for (const auto& [given, value] : hyperparameters) {
    const std::string name = with_underscores(given);
    NADIR_CHECK(
        !is_one_of(name, known.containers),
        "hyperparameter {} is the container's to set; leave it out",
        given);
    if (name.starts_with("sagemaker_")) {
      continue;
    }
    const auto flag =
        std::find_if(flags.begin(), flags.end(), [&](const auto& one) {
          return one.name == name;
        });
    if (flag == flags.end() && is_one_of(name, known.contract)) {
      continue;
    }
    NADIR_CHECK(
        flag != flags.end(),
        "{} has no flag --{}, so it is no hyperparameter{}",
        command,
        given,
        did_you_mean(name, names));
    check_value(given, value, *flag);
  }
}

std::string encode_hyperparameter(const std::string& value) {
  if (parse_json_or_discard(value).is_discarded()) {
    return json_text(nlohmann::json(value));
  }
  return value;
}

}  // namespace nadir::cloud
