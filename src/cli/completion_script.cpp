#include "cli/completion_script.h"

#include <fmt/format.h>

#include "core/config.h"

namespace nadir::cli {
namespace {

// 'text' for bash and zsh: a quote inside closes, escapes, opens again.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

// 'text' for fish, which escapes inside its quotes.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "'";
}

// "name:help" for zsh's _describe, where a colon inside a part is escaped.
std::string zsh_item(const std::string& name, const std::string& help) {
  std::string escaped;
  for (const char c : name) {
    escaped += c == ':' ? std::string("\\:") : std::string(1, c);
  }
  return quoted(escaped + ":" + help);
}

// Patterns of all places below the root: ' data' | ' data pack' ...
std::string places(
    const std::vector<CompletionCommand>& tree, const std::string& separator) {
  std::vector<std::string> patterns;
  for (size_t i = 1; i < tree.size(); ++i) {
    patterns.push_back(quoted(tree[i].place));
  }
  return join(patterns, separator);
}

// ' pretrain --arch'|' pretrain -a': an option as the word before the cursor.
std::string option_pattern(
    const CompletionCommand& command, const CompletionOption& option) {
  std::vector<std::string> patterns;
  for (const auto& name : option.names) {
    patterns.push_back(quoted(command.place + " " + name));
  }
  return join(patterns, "|");
}

std::string all_names(const CompletionCommand& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return join(names, " ");
}

std::string subcommand_names(const CompletionCommand& command) {
  std::vector<std::string> names;
  for (const auto& [name, help] : command.subcommands) {
    names.push_back(name);
  }
  return join(names, " ");
}

}  // namespace

std::string bash_completion(const std::vector<CompletionCommand>& tree) {
  std::string values;
  std::string lists;
  for (const auto& command : tree) {
    for (const auto& option : command.options) {
      if (option.takes_value) {
        values += fmt::format(
            "    {}) {}; return ;;\n",
            option_pattern(command, option),
            option.choices.empty()
                ? "_nadir_files"
                : "_nadir_words " + quoted(join(option.choices, " ")));
      }
    }
    const std::string words = command.subcommands.empty()
                                  ? join(command.word_choices, " ")
                                  : subcommand_names(command);
    lists += fmt::format(
        "    {}) options={}; words={} ;;\n",
        quoted(command.place),
        quoted(all_names(command)),
        quoted(words));
  }
  return fmt::format(
      R"(# Completion of nadir for bash: source <(nadir completion bash)
_nadir_words() {{
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}}
_nadir_files() {{
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}}
_nadir() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" place='' options='' words='' i
  local previous="${{COMP_WORDS[COMP_CWORD - 1]}}"
  COMPREPLY=()
  # bash splits --flag=value at the sign
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous="${{COMP_WORDS[COMP_CWORD - 2]}}"
  fi
  [[ $previous == --* ]] && previous="${{previous//_/-}}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place ${{COMP_WORDS[i]}}" in
    {}) place="$place ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$place $previous" in
{}  esac
  case "$place" in
{}  esac
  if [[ $current == -* ]]; then
    _nadir_words "$options"
  elif [[ -n $words ]]; then
    _nadir_words "$words"
  else
    _nadir_files
  fi
}}
complete -F _nadir nadir
)",
      places(tree, "|"),
      values,
      lists);
}

std::string zsh_completion(const std::vector<CompletionCommand>& tree) {
  std::string values;
  std::string lists;
  for (const auto& command : tree) {
    std::string items;
    for (const auto& option : command.options) {
      if (option.takes_value) {
        values += fmt::format(
            "    ({}) {}; return ;;\n",
            option_pattern(command, option),
            option.choices.empty() ? "_files"
                                   : "compadd -- " + join(option.choices, " "));
      }
      for (const auto& name : option.names) {
        items += fmt::format(" {}", zsh_item(name, option.help));
      }
    }
    std::string words;
    for (const auto& [name, help] : command.subcommands) {
      words += fmt::format(" {}", zsh_item(name, help));
    }
    for (const auto& choice : command.word_choices) {
      words += fmt::format(" {}", quoted(choice));
    }
    lists += fmt::format(
        "    ({}) options=({} ); commands=({} ) ;;\n",
        quoted(command.place),
        items,
        words);
  }
  return fmt::format(
      R"(#compdef nadir
# Completion of nadir for zsh: source <(nadir completion zsh), after compinit,
# or as the file _nadir in a folder of $fpath.
_nadir() {{
  local place='' previous="${{words[CURRENT-1]}}" i
  local -a options commands
  [[ $previous == --* ]] && previous="${{previous//_/-}}"
  for ((i = 2; i < CURRENT; i++)); do
    case "$place ${{words[i]}}" in
    ({}) place="$place ${{words[i]}}" ;;
    esac
  done
  case "$place $previous" in
{}  esac
  case "$place" in
{}  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif (( $#commands )); then
    _describe command commands
  else
    _files
  fi
}}
if [[ $funcstack[1] == _nadir ]]; then
  _nadir "$@"
else
  compdef _nadir nadir
fi
)",
      places(tree, "|"),
      values,
      lists);
}

std::string fish_completion(const std::vector<CompletionCommand>& tree) {
  std::string rules;
  for (const auto& command : tree) {
    const std::string head = fmt::format(
        "complete -c nadir -n {}",
        fish_quoted("__nadir_at " + fish_quoted(command.place)));
    for (const auto& [name, help] : command.subcommands) {
      rules += fmt::format("{} -a {} -d {}\n", head, name, fish_quoted(help));
    }
    if (!command.word_choices.empty()) {
      rules += fmt::format(
          "{} -a {}\n", head, fish_quoted(join(command.word_choices, " ")));
    } else if (command.takes_words) {
      rules += head + " -F\n";
    }
    for (const auto& option : command.options) {
      std::string names;
      for (const auto& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2)
                                        : " -s " + name.substr(1);
      }
      const std::string value =
          !option.takes_value ? ""
          : option.choices.empty()
              ? " -r -F"
              : " -x -a " + fish_quoted(join(option.choices, " "));
      rules += fmt::format(
          "{}{}{} -d {}\n", head, names, value, fish_quoted(option.help));
    }
  }
  return fmt::format(
      R"(# Completion of nadir for fish: nadir completion fish | source
function __nadir_at
  set -l place ''
  set -l typed (commandline -opc)
  for word in $typed[2..-1]
    switch "$place $word"
      case {}
        set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
complete -c nadir -f
{})",
      places(tree, " "),
      rules);
}

}  // namespace nadir::cli
