// Configurations are plain structs with one list of their fields; parsing,
// --help, documents, the resolved config.toml and JSON all read that list.
//
//   struct LossConfig {
//     double student_temp = 0.1;
//     template <class Visitor>
//     void for_each(Visitor&& visit) {
//       visit(student_temp, "student_temp", "Student softmax temperature.");
//     }
//   };
//   struct RunConfig {
//     LossConfig loss;
//     template <class Visitor>
//     void for_each(Visitor&& visit) { visit.section("loss", loss); }
//   };
//
// Keys are unique over all sections, so that `--student_temp` needs no prefix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace nadir {

// One field of a configuration. Points into the struct, which must outlive it.
struct Field {
  using Target = std::variant<
      bool*,
      int64_t*,
      double*,
      std::string*,
      std::vector<std::string>*,
      std::vector<double>*>;

  std::string section;  // "" at the top level
  std::string key;
  std::string help;
  Target target;
};

// Collects the fields of a configuration struct in their order.
class FieldCollector {
 public:
  template <class T>
  void operator()(T& value, const char* key, const char* help) {
    fields_.push_back({section_, key, help, &value});
  }

  template <class Config>
  void section(const char* name, Config& config) {
    const std::string outer = section_;
    section_ = name;
    config.for_each(*this);
    section_ = outer;
  }

  [[nodiscard]] std::vector<Field> take() { return std::move(fields_); }

 private:
  std::string section_;
  std::vector<Field> fields_;
};

template <class Config>
[[nodiscard]] std::vector<Field> fields_of(Config& config) {
  FieldCollector collector;
  config.for_each(collector);
  return collector.take();
}

// Sets a field from text as a flag gives it. Booleans: on/off, true/false,
// yes/no, 1/0, any case; lists: comma separated. `-` and `_` in keys are the
// same to find_field. Throws Error{kInvalidArgument} naming key and value.
void set_field(const Field& field, const std::string& text);

// The field's value as set_field() reads it.
[[nodiscard]] std::string field_text(const Field& field);

// "flag", "integer", "number", "text", "texts", "numbers".
[[nodiscard]] std::string field_type(const Field& field);

// The field named `key`; throws Error{kInvalidArgument} with the nearest key.
[[nodiscard]] const Field& find_field(
    const std::vector<Field>& fields, const std::string& key);

// The fields as TOML, sections as tables, help texts as comments on demand.
[[nodiscard]] std::string to_toml(
    const std::vector<Field>& fields, bool with_help = false);

// Sets fields from a TOML text; keys it does not name keep their values. Keys
// may stand in their section or at the top level. `name` is for messages.
// Throws Error{kInvalidArgument} on unknown keys and wrong types.
void read_toml(
    const std::vector<Field>& fields,
    const std::string& toml,
    const std::string& name);

// The candidate with the fewest edits from `word`, or "" if none is near.
[[nodiscard]] std::string nearest_name(
    const std::string& word, const std::vector<std::string>& candidates);

// ", did you mean 'x'?" or "".
[[nodiscard]] std::string did_you_mean(
    const std::string& word, const std::vector<std::string>& candidates);

// Items joined with `separator`, and a text split at `separator` with blanks
// around items removed; an empty text has no items.
[[nodiscard]] std::string join(
    const std::vector<std::string>& items, const std::string& separator);
[[nodiscard]] std::vector<std::string> split(
    const std::string& text, char separator);

}  // namespace nadir
