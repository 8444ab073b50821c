// Words as a POSIX shell reads them.
#pragma once

#include <string>
#include <vector>

namespace nadir::launch {

// `word` so that sh reads it as one word with the same bytes; as it is where
// nothing in it means anything to a shell. It must hold no zero byte.
[[nodiscard]] std::string shell_quote(const std::string& word);

// The words with blanks between them.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

}  // namespace nadir::launch
