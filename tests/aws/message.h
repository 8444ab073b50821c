// What an action's error says, for tests of messages.
#pragma once

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::aws {

// The message of the nadir::Error that `action` throws; fails the test where it
// throws none.
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

// Whether the text has all of these in it; fails the test for each it lacks.
inline void expect_says(
    const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    EXPECT_NE(text.find(part), std::string::npos)
        << "'" << part << "' is not in: " << text;
  }
}

}  // namespace nadir::aws
