// Completion scripts are run in the shells they are for.
#include <array>
#include <cstdio>
#include <set>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "cli/completion_script.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

// A small program with every kind of option.
class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    auto* data = app_.add_subcommand("data", "Make imagery's \"packs\".");
    auto* pack = data->add_subcommand("pack", "Pack: folders, archives.");
    pack->add_option("SRC", text_, "A folder.");
    pack->add_option("--dtype", text_, "Type.")
        ->check(CLI::IsMember({"uint16", "float32"}));
    data->add_subcommand("verify", "Check.");
    auto* train = app_.add_subcommand("pretrain", "Train.");
    train->add_option("-o,--out", text_, "Folder.");
    train->add_flag("--overwrite", flag_, "Start over.");
    train->add_option("--use-bn-in-head", text_, "Norm.")->type_name("on|off");
    auto* shell = app_.add_subcommand("completion", "Print a script.");
    shell->add_option("SHELL", text_)->check(CLI::IsMember({"bash", "zsh"}));
  }

  static std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> block{};
    for (size_t count = 0;
         (count = std::fread(block.data(), 1, block.size(), pipe)) > 0;) {
      text.append(block.data(), count);
    }
    status_ = ::pclose(pipe);
    return text;
  }

  static bool has(const std::string& program) {
    output_of("command -v " + program);
    return status_ == 0;
  }

  // What bash offers after `words`, the last of which is being typed.
  std::set<std::string> bash_offers(const std::string& words) const {
    const auto script = folder_.path() / "nadir.bash";
    write_file(
        script,
        bash_completion(completion_tree(app_)) + "COMP_WORDS=(nadir " + words +
            ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_nadir\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\"\n");
    std::istringstream lines(
        output_of("cd " + folder_.path().string() + " && bash nadir.bash"));
    EXPECT_EQ(status_, 0);
    std::set<std::string> offers;
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) {
        offers.insert(line);
      }
    }
    return offers;
  }

  const TemporaryFolder folder_;
  CLI::App app_{"test", "nadir"};
  std::string text_;
  bool flag_ = false;
  inline static int status_ = 0;
};

using Offers = std::set<std::string>;

TEST_F(CompletionTest, BashOffersCommandsByPlace) {
  EXPECT_EQ(bash_offers("''"), (Offers{"data", "pretrain", "completion"}));
  EXPECT_EQ(bash_offers("da"), Offers{"data"});
  EXPECT_EQ(bash_offers("data ''"), (Offers{"pack", "verify"}));
  EXPECT_EQ(bash_offers("completion ''"), (Offers{"bash", "zsh"}));
}

TEST_F(CompletionTest, BashOffersOptionsOfTheirCommandOnly) {
  EXPECT_EQ(bash_offers("pretrain --o"), (Offers{"--out", "--overwrite"}));
  EXPECT_EQ(bash_offers("data pack --d"), Offers{"--dtype"});
  EXPECT_EQ(bash_offers("data verify --d"), Offers{});
}

TEST_F(CompletionTest, BashOffersValuesWhereTheyAreAList) {
  EXPECT_EQ(bash_offers("data pack --dtype ''"), (Offers{"float32", "uint16"}));
  EXPECT_EQ(bash_offers("data pack --dtype = u"), Offers{"uint16"});
  EXPECT_EQ(bash_offers("data pack --dtype ="), (Offers{"float32", "uint16"}));
  // `_` and `-` are the same in flags.
  EXPECT_EQ(bash_offers("pretrain --use_bn_in_head o"), (Offers{"on", "off"}));
}

TEST_F(CompletionTest, BashOffersFilesElsewhere) {
  write_file(folder_.path() / "some scenes.tar", "");
  EXPECT_EQ(bash_offers("data pack so"), Offers{"some scenes.tar"});
  EXPECT_EQ(bash_offers("pretrain -o so"), Offers{"some scenes.tar"});
}

TEST_F(CompletionTest, ShellsParseTheirScripts) {
  const auto tree = completion_tree(app_);
  const std::array<std::pair<std::string, std::string>, 3> scripts = {{
      {"bash -n", bash_completion(tree)},
      {"zsh -n", zsh_completion(tree)},
      {"fish -n", fish_completion(tree)},
  }};
  for (const auto& [check, script] : scripts) {
    if (!has(check.substr(0, check.find(' ')))) {
      continue;
    }
    const auto path = folder_.path() / "script";
    write_file(path, script);
    EXPECT_EQ(output_of(check + " " + path.string() + " 2>&1"), "") << check;
    EXPECT_EQ(status_, 0) << check;
  }
}

TEST_F(CompletionTest, ZshOffersCommandsOptionsAndValues) {
  if (!has("zsh")) {
    GTEST_SKIP() << "no zsh here";
  }
  // The functions of zsh's completion system, replaced by ones that tell what
  // they were given.
  const std::string stubs =
      "_describe() { print -l -- \"${(@P)@[-1]}\" }\n"
      "_files() { print files }\n"
      "compadd() { shift; print -l -- $@ }\n"
      "compdef() { }\n";
  const auto path = folder_.path() / "nadir.zsh";
  const auto offers = [&](const std::string& words, const std::string& last) {
    write_file(
        path,
        stubs + zsh_completion(completion_tree(app_)) + "words=(nadir " +
            words + " '" + last + "')\nCURRENT=$#words\nPREFIX='" + last +
            "'\n_nadir\n");
    return output_of("zsh -f " + path.string() + " 2>&1");
  };
  EXPECT_EQ(
      offers("data", ""), "pack:Pack: folders, archives.\nverify:Check.\n");
  EXPECT_EQ(offers("data pack --dtype", "u"), "uint16\nfloat32\n");
  EXPECT_EQ(offers("pretrain -o", ""), "files\n");
  EXPECT_EQ(offers("data pack", "s"), "files\n");
  EXPECT_NE(
      offers("pretrain", "--").find("--out:Folder.\n"), std::string::npos);
}

TEST_F(CompletionTest, FishOffersCommandsAndValues) {
  if (!has("fish")) {
    GTEST_SKIP() << "no fish here";
  }
  const auto path = folder_.path() / "nadir.fish";
  write_file(path, fish_completion(completion_tree(app_)));
  const auto offers = [&](const std::string& line) {
    return output_of(
        "HOME=" + folder_.path().string() + " fish --no-config -c 'source " +
        path.string() + "; complete -C \"" + line + "\"'");
  };
  EXPECT_EQ(
      offers("nadir data "),
      "pack\tPack: folders, archives.\nverify\tCheck.\n");
  EXPECT_EQ(offers("nadir data pack --dtype u"), "uint16\tType.\n");
}

}  // namespace
}  // namespace nadir::cli
