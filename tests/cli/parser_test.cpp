// The parser of the whole command line, without running a command.
#include "cli/parser.h"

#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::cli {
namespace {

// What main() would print about these words; "" if they parse.
std::string message_for(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  try {
    Parser().parse(words);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(UsageMessage, TellsWhichCommandIsMissing) {
  EXPECT_EQ(
      message_for("data"),
      "a command is missing: synth, fetch, copy, index, pack, merge, subset, "
      "verify, stats, info; see nadir data --help");
  EXPECT_TRUE(message_for("").starts_with("a command is missing: data, "));
}

TEST(UsageMessage, NamesTheNearestCommand) {
  EXPECT_EQ(
      message_for("pretrian --data x"),
      "unknown command 'pretrian', did you mean 'pretrain'?; see nadir --help");
  EXPECT_EQ(
      message_for("data pck x"),
      "unknown command 'pck', did you mean 'pack'?; see nadir data --help");
  EXPECT_EQ(
      message_for("eval everything"),
      "unknown command 'everything', known are knn, linear, segment; see nadir "
      "eval "
      "--help");
}

TEST(UsageMessage, NamesTheNearestFlag) {
  EXPECT_EQ(
      message_for("pretrain --data x --teacher-tmp 0.04"),
      "unknown flag --teacher-tmp, did you mean '--teacher-temp'?; see nadir "
      "pretrain --help");
  EXPECT_EQ(
      message_for("doctor --colour=blue"),
      "unknown flag --colour; see nadir doctor --help");
}

TEST(UsageMessage, NamesWordsTooManyAndTooFew) {
  EXPECT_EQ(
      message_for("data info a b"),
      "unexpected word 'b'; see nadir data info --help");
  EXPECT_EQ(
      message_for("data info"), "DATA is required; see nadir data info --help");
  EXPECT_NE(
      message_for("export --weights w --out o --format onnx").find("onnx"),
      std::string::npos);
  EXPECT_NE(
      message_for("data synth w --patches many").find("--patches"),
      std::string::npos);
}

TEST(Parser, RefusesValuesOfTheWrongKindByKey) {
  EXPECT_EQ(
      message_for("pretrain --epochs 2.5"),
      "epochs must be an integer, got '2.5'");
  EXPECT_EQ(
      message_for("pretrain --lr fast"), "lr must be a number, got 'fast'");
  EXPECT_EQ(
      message_for("pretrain --use-bn-in-head maybe"),
      "use_bn_in_head must be on or off, got 'maybe'");
}

// `data stats --bands B02,B8A ben` took the folder for a band.
TEST(Parser, LeavesTheWordBehindBandsAlone) {
  for (const char* line :
       {"data stats --bands B02,B8A nowhere",
        "data verify --bands B02,B8A nowhere",
        "data subset --bands B02,B8A nowhere --out x",
        "data pack --bands B02,B8A nowhere --out x",
        "import --bands B02,B8A nowhere --out x"}) {
    const std::string message = message_for(line);
    EXPECT_NE(message.find("nowhere"), std::string::npos)
        << line << ": " << message;
  }
}

void expect_examples(const CLI::App& app, const std::string& name) {
  const auto subcommands =
      app.get_subcommands([](const CLI::App*) { return true; });
  if (app.get_require_subcommand_min() == 0) {
    const std::string help = app.help();
    const size_t example = help.find("Example:\n");
    ASSERT_NE(example, std::string::npos) << name;
    EXPECT_NE(help.find(name, example), std::string::npos) << help;
  }
  for (const auto* subcommand : subcommands) {
    expect_examples(*subcommand, name + " " + subcommand->get_name());
  }
}

TEST(Parser, KnowsTheCommandsBehindTheProgramsName) {
  const Parser parser;
  EXPECT_TRUE(parser.has_command("train"));  // SageMaker calls it by itself
  EXPECT_TRUE(parser.has_command("data"));
  EXPECT_FALSE(parser.has_command("pack"));
  EXPECT_FALSE(parser.has_command("nadir"));
  EXPECT_FALSE(parser.has_command(""));
}

TEST(Parser, HelpsEveryCommandWithAnExampleOfIt) {
  const Parser parser;
  expect_examples(parser.app(), "nadir");
}

}  // namespace
}  // namespace nadir::cli
