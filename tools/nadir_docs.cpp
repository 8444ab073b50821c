// Writes what is generated from the program's own lists: the configuration
// page from the visitors and the parser, and the frozen list of flags.
//
//   nadir_docs configuration|flags FILE          writes FILE
//   nadir_docs configuration|flags FILE --check  ends with 1 if FILE differs
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/parser.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "train/pretrain_config.h"

namespace nadir {
namespace {

constexpr char kUpdate[] =
    "cmake --build --preset release --target update_docs";

struct Flag {
  std::string name;  // "--out", "-o, --out", or "SRC"
  std::string type;
  std::string value;  // the default; "" where there is none
  std::string group;
  std::string help;
};

std::string with_spaces(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// CLI11 writes "TEXT:{a,b}", "INT:NONNEGATIVE" and the like; our own fields
// have their type as name already.
std::string type_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) {
    return "switch";
  }
  const std::string name = option.get_type_name();
  const size_t open = name.find('{');
  if (open != std::string::npos) {
    const auto choices =
        split(name.substr(open + 1, name.find('}') - open - 1), ',');
    return join(choices, "|");
  }
  const bool is_list = option.get_items_expected_max() > 1;
  const std::string base = name.substr(0, name.find_first_of(": "));
  if (base == "INT" || base == "UINT") {
    return is_list ? "integers" : "integer";
  }
  if (base == "FLOAT") {
    return is_list ? "numbers" : "number";
  }
  if (base == "TEXT") {
    return is_list ? "texts" : "text";
  }
  return name == "on|off" ? "flag" : name;
}

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) {
    return option.get_name(true);
  }
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) {
    names.push_back("-" + name);
  }
  for (const auto& name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  return join(names, ", ");
}

std::vector<Flag> flags_of(const CLI::App& command) {
  std::vector<Flag> flags;
  for (const auto* option :
       command.get_options([](const CLI::Option*) { return true; })) {
    flags.push_back(
        {name_of(*option),
         type_of(*option),
         // "off; alone: on"
         split(option->get_default_str() + ";", ';').front(),
         option->get_group(),
         with_spaces(option->get_description())});
    if (option->get_required()) {
      flags.back().value = "required";
    }
  }
  return flags;
}

struct Command {
  std::string name;  // "nadir data pack"
  const CLI::App* app;
};

// All that run something, in the order of --help.
void list_commands(
    const CLI::App& app,
    const std::string& name,
    std::vector<Command>& commands) {
  const auto subcommands =
      app.get_subcommands([](const CLI::App*) { return true; });
  if (app.get_require_subcommand_min() == 0) {
    commands.push_back({name, &app});
  }
  for (const auto* subcommand : subcommands) {
    list_commands(*subcommand, name + " " + subcommand->get_name(), commands);
  }
}

std::vector<Command> commands_of(const CLI::App& parser) {
  std::vector<Command> commands;
  list_commands(parser, "nadir", commands);
  return commands;
}

// In a table of Markdown.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string code(const std::string& text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string dashed(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

std::string section_tables(const std::vector<Field>& fields) {
  std::string out;
  std::string section;
  for (const auto& field : fields) {
    if (field.section != section) {
      section = field.section;
      out += fmt::format(
          "\n### [{}]\n\n"
          "| key | flag | type | default | meaning |\n"
          "| --- | --- | --- | --- | --- |\n",
          section);
    }
    out += fmt::format(
        "| `{}` | `{}` | {} | {} | {} |\n",
        field.key,
        dashed(field.key),
        field_type(field),
        code(field_text(field)),
        cell(field.help));
  }
  return out;
}

std::string flag_table(
    const std::vector<Flag>& flags, const std::set<std::string>& left_out) {
  std::string out =
      "| flag | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& flag : flags) {
    if (!left_out.contains(flag.name)) {
      out += fmt::format(
          "| `{}` | {} | {} | {} |\n",
          flag.name,
          cell(flag.type),
          flag.value == "required" ? flag.value : code(flag.value),
          cell(flag.help));
    }
  }
  return out;
}

// What every command has, and what is told once.
const std::set<std::string> kEverywhere = {
    "-h, --help", "--verbose", "--quiet", "--json"};

std::string configuration_page() {
  train::PretrainConfig config;
  const auto fields = fields_of(config);
  std::string page = fmt::format(
      R"(# Configuration

Written by `{}` from the lists of
fields that the program parses with. Do not edit: change the fields.

## How it is set

`nadir pretrain` is told by fields. Each field is at once a key of the recipe
file, a flag, and a line of the run's `config.toml`. Later wins: defaults, then
the recipe (`--recipe FILE`, or `--recipe auto`, which chooses by the data's
size and says why), then flags. In flags `_` and `-` are the same:
`--teacher_temp 0.04` is `--teacher-temp 0.04`.

| type | a flag takes | a recipe takes |
| --- | --- | --- |
| flag | nothing, or on/off, true/false, yes/no, 1/0, any case | `true`, `false` |
| integer | `12` | `12` |
| number | `0.04`, `1e-6` | `0.04`, `1e-6` |
| text | `vit_small` | `"vit_small"` |
| texts | `B04,B03,B02`, or several words | `["B04", "B03", "B02"]` |
| numbers | `0.4,1.0`, or several words | `[0.4, 1.0]` |

## Recipe files

A recipe is TOML: a table for each section below, keys in any order, those that
are missing keep their values. A key may also stand at the top, before the first
table: keys are unique over all sections. Unknown keys and sections are errors
that name the nearest known one. `config.toml` of a run is a whole recipe:
`nadir pretrain --recipe runs/a/config.toml --out runs/b` repeats it.

```toml
[data]
data_path = "ben-rgb"
bands = ["B04", "B03", "B02"]

[model]
arch = "vit_tiny"

[optim]
epochs = 100
batch_size_per_gpu = 64
```

## Fields of `nadir pretrain`
{}
## Its other flags

)",
      kUpdate,
      section_tables(fields));
  std::set<std::string> known = kEverywhere;
  for (const auto& field : fields) {
    known.insert(dashed(field.key));
  }
  const cli::Parser parser;
  const auto commands = commands_of(parser.app());
  const auto pretrain =
      std::find_if(commands.begin(), commands.end(), [](const auto& command) {
        return command.name == "nadir pretrain";
      });
  page += flag_table(flags_of(*pretrain->app), known);
  page +=
      "\n## Flags of the other commands\n\n"
      "Every command has `--help`, `--verbose` and `--quiet`; all but "
      "`nadir completion` have `--json`, which prints the result for "
      "programs.\n";
  for (const auto& command : commands) {
    if (command.name == pretrain->name) {
      continue;
    }
    page += fmt::format(
        "\n### {}\n\n{}\n",
        command.name,
        with_spaces(command.app->get_description()));
    const auto flags = flags_of(*command.app);
    const bool has_own =
        std::any_of(flags.begin(), flags.end(), [](const auto& flag) {
          return !kEverywhere.contains(flag.name);
        });
    if (has_own) {
      page += "\n" + flag_table(flags, kEverywhere);
    }
  }
  return page;
}

std::string flag_list() {
  std::string list =
      "# Every command's flags, with type and default: the interface that\n"
      "# scripts rely on. Written by `" +
      std::string(kUpdate) + "`.\n";
  const cli::Parser parser;
  for (const auto& command : commands_of(parser.app())) {
    list += "\n" + command.name + "\n";
    for (const auto& flag : flags_of(*command.app)) {
      list += fmt::format("  {}  {}", flag.name, flag.type);
      list += flag.value.empty() ? "\n" : "  " + flag.value + "\n";
    }
  }
  return list;
}

// The first line in which the texts differ, from both.
std::string first_difference(const std::string& file, const std::string& now) {
  const auto old_lines = split(file, '\n');
  const auto new_lines = split(now, '\n');
  for (size_t i = 0; i < std::max(old_lines.size(), new_lines.size()); ++i) {
    const std::string old_line = i < old_lines.size() ? old_lines[i] : "(end)";
    const std::string new_line = i < new_lines.size() ? new_lines[i] : "(end)";
    if (old_line != new_line) {
      return fmt::format(
          "line {}\n  file: {}\n  now:  {}", i + 1, old_line, new_line);
    }
  }
  return "blanks at the ends of lines";
}

int run(const std::string& kind, const std::string& file, bool checks) {
  const std::string text = kind == "flags" ? flag_list() : configuration_page();
  if (!checks) {
    write_file(file, text);
    return 0;
  }
  const std::string there =
      std::filesystem::exists(file) ? read_file(file) : "";
  if (there == text) {
    return 0;
  }
  std::printf(
      "%s is out of date: %s\nIf the change is meant, write it anew with\n"
      "  %s\nand commit it.\n",
      file.c_str(),
      first_difference(there, text).c_str(),
      kUpdate);
  return 1;
}

}  // namespace
}  // namespace nadir

int main(int argc, char** argv) {
  CLI::App app("Writes generated documents.", "nadir_docs");
  std::string kind;
  std::string file;
  bool checks = false;
  app.add_option("KIND", kind)
      ->required()
      ->check(CLI::IsMember({"configuration", "flags"}));
  app.add_option("FILE", file)->required();
  app.add_flag("--check", checks);
  CLI11_PARSE(app, argc, argv);
  try {
    return nadir::run(kind, file, checks);
  } catch (const nadir::Error& error) {
    std::fprintf(stderr, "nadir_docs: %s\n", error.what());
    return 1;
  }
}
