#include "core/config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <type_traits>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "core/error.h"

namespace nadir {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

std::string canonical_key(std::string key) {
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

bool parse_bool(const std::string& key, const std::string& text) {
  const std::string word = lower(text);
  if (word == "on" || word == "true" || word == "yes" || word == "1") {
    return true;
  }
  if (word == "off" || word == "false" || word == "no" || word == "0") {
    return false;
  }
  fail(
      ErrorCode::kInvalidArgument, "{} must be on or off, got '{}'", key, text);
}

template <class Number>
Number parse_number(const std::string& key, const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) {
    fail(
        ErrorCode::kInvalidArgument,
        "{} must be {}, got '{}'",
        key,
        std::is_integral_v<Number> ? "an integer" : "a number",
        text);
  }
  return value;
}

std::string toml_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  const bool is_plain =
      text.find_first_not_of("-0123456789") == std::string::npos;
  return is_plain ? text + ".0" : text;
}

std::string toml_value(const Field& field) {
  return std::visit(
      [](auto* target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          return *target ? "true" : "false";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return fmt::format("{}", *target);
        } else if constexpr (std::is_same_v<T, double>) {
          return number_text(*target);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return toml_string(*target);
        } else {
          std::vector<std::string> items;
          for (const auto& item : *target) {
            if constexpr (std::is_same_v<T, std::vector<double>>) {
              items.push_back(number_text(item));
            } else {
              items.push_back(toml_string(item));
            }
          }
          return fmt::format("[{}]", join(items, ", "));
        }
      },
      field.target);
}

std::string node_text(const std::string& key, const toml::node& node);

// The items of a flat array, each as it is.
std::vector<std::string> node_texts(
    const std::string& key, const toml::array& array) {
  std::vector<std::string> items;
  for (const auto& item : array) {
    NADIR_CHECK(!item.is_array(), "{} must be a flat list", key);
    items.push_back(node_text(key, item));
  }
  return items;
}

// A TOML scalar or flat array as the text that set_field() reads.
std::string node_text(const std::string& key, const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* integer = node.as_integer()) {
    return fmt::format("{}", integer->get());
  }
  if (const auto* number = node.as_floating_point()) {
    return fmt::format("{}", number->get());
  }
  if (const auto* flag = node.as_boolean()) {
    return flag->get() ? "true" : "false";
  }
  if (const auto* array = node.as_array()) {
    return join(node_texts(key, *array), ",");
  }
  fail(ErrorCode::kInvalidArgument, "{} has a value of an unknown type", key);
}

int64_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int64_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

void set_field(const Field& field, const std::string& text) {
  std::visit(
      [&](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          *target = parse_bool(field.key, text);
        } else if constexpr (std::is_arithmetic_v<T>) {
          *target = parse_number<T>(field.key, text);
        } else if constexpr (std::is_same_v<T, std::string>) {
          *target = text;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          *target = split(text, ',');
        } else {
          target->clear();
          for (const auto& item : split(text, ',')) {
            target->push_back(parse_number<double>(field.key, item));
          }
        }
      },
      field.target);
}

std::string field_text(const Field& field) {
  return std::visit(
      [](auto* target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          return *target ? "true" : "false";
        } else if constexpr (std::is_arithmetic_v<T>) {
          return fmt::format("{}", *target);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return *target;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return join(*target, ",");
        } else {
          return fmt::format("{}", fmt::join(*target, ","));
        }
      },
      field.target);
}

std::string field_type(const Field& field) {
  constexpr const char* kNames[] = {
      "flag", "integer", "number", "text", "texts", "numbers"};
  return kNames[field.target.index()];
}

const Field& find_field(
    const std::vector<Field>& fields, const std::string& key) {
  const std::string wanted = canonical_key(key);
  std::vector<std::string> keys;
  for (const auto& field : fields) {
    if (field.key == wanted) {
      return field;
    }
    keys.push_back(field.key);
  }
  fail(
      ErrorCode::kInvalidArgument,
      "unknown key '{}'{}",
      key,
      did_you_mean(wanted, keys));
}

std::string to_toml(const std::vector<Field>& fields, bool with_help) {
  std::string out;
  std::string section;
  // Top-level keys must precede the first table.
  for (const bool top_level : {true, false}) {
    for (const auto& field : fields) {
      if (field.section.empty() != top_level) {
        continue;
      }
      if (field.section != section) {
        section = field.section;
        out += fmt::format("\n[{}]\n", section);
      }
      if (with_help) {
        out += "# " + field.help + "\n";
      }
      out += fmt::format("{} = {}\n", field.key, toml_value(field));
    }
  }
  return out;
}

void read_toml(
    const std::vector<Field>& fields,
    const std::string& toml,
    const std::string& name) {
  toml::table document;
  try {
    document = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    fail(
        ErrorCode::kInvalidArgument,
        "{}:{}: {}",
        name,
        error.source().begin.line,
        error.description());
  }
  std::vector<std::string> sections;
  for (const auto& field : fields) {
    sections.push_back(field.section);
  }
  const auto set = [&](const toml::key& key, const toml::node& node) {
    try {
      const std::string text(key.str());
      const Field& field = find_field(fields, text);
      NADIR_CHECK(
          !node.is_array() || field.target.index() >= 4,
          "{} takes one value, not a list",
          text);
      const auto* texts = std::get_if<std::vector<std::string>*>(&field.target);
      if (texts != nullptr && node.is_array()) {
        **texts = node_texts(text, *node.as_array());
      } else {
        set_field(field, node_text(text, node));
      }
    } catch (const Error& error) {
      fail(
          error.code(),
          "{}:{}: {}",
          name,
          node.source().begin.line,
          error.what());
    }
  };
  for (const auto& [key, node] : document) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      set(key, node);
      continue;
    }
    const std::string section(key.str());
    NADIR_CHECK(
        std::find(sections.begin(), sections.end(), section) != sections.end(),
        "{}:{}: unknown section [{}]{}",
        name,
        node.source().begin.line,
        section,
        did_you_mean(section, sections));
    for (const auto& [inner_key, inner_node] : *table) {
      set(inner_key, inner_node);
    }
  }
}

std::string nearest_name(
    const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  int64_t best_distance = 1 + static_cast<int64_t>(word.size()) / 3;
  for (const auto& candidate : candidates) {
    const int64_t distance = edit_distance(lower(word), lower(candidate));
    if (distance <= best_distance && !candidate.empty()) {
      best_distance = distance - 1;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(
    const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest);
}

std::string join(
    const std::vector<std::string>& items, const std::string& separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> items;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    const size_t first = text.find_first_not_of(" \t", begin);
    if (first != std::string::npos && first < end) {
      const size_t last = text.find_last_not_of(" \t", end - 1);
      items.push_back(text.substr(first, last - first + 1));
    } else {
      items.emplace_back();
    }
    begin = end + 1;
  }
  return items;
}

}  // namespace nadir
