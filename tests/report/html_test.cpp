#include "report/html.h"

#include <cmath>

#include <gtest/gtest.h>

namespace nadir::report {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

TEST(EscapeHtml, LeavesNothingThatHtmlCouldRead) {
  EXPECT_EQ(
      escape_html("<img src=x onerror='alert(1)'> & \"q\""),
      "&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; &quot;q&quot;");
}

TEST(EscapeHtml, KeepsTextOfAllLanguages) {
  const std::string text = "Forêt – Wälder – 森林 – 🌍\n\t";
  EXPECT_EQ(escape_html(text), text);
}

TEST(EscapeHtml, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(
      escape_html("a\xff"
                  "b"),
      std::string("a") + kReplacement + "b");
  // An overlong '<', a surrogate, a cut sequence, a control character.
  for (const char* bytes : {"\xC0\xBC", "\xED\xA0\x80", "\xE6\xA3", "\x01"}) {
    const std::string escaped = escape_html(bytes);
    EXPECT_EQ(escaped.find(bytes), std::string::npos);
    EXPECT_EQ(escaped.rfind(kReplacement, 0), 0U);
  }
}

TEST(Base64, EqualsTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xff\xfe\x00", 3)), "//4A");
}

TEST(FormatNumber, KeepsThreeDigitsThatMatter) {
  EXPECT_EQ(format_number(8.3178), "8.32");
  EXPECT_EQ(format_number(0.012345), "0.0123");
  EXPECT_EQ(format_number(11.0902), "11.1");
  EXPECT_EQ(format_number(182.4), "182");
  EXPECT_EQ(format_number(3000), "3000");
  EXPECT_EQ(format_number(1234567), "1,234,567");
  EXPECT_EQ(format_number(-45000), "-45,000");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(5e-7), "5e-07");
  EXPECT_EQ(format_number(std::nan("")), "none");
  EXPECT_EQ(format_number(-INFINITY), "-inf");
}

}  // namespace
}  // namespace nadir::report
