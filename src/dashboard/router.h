// Which function answers which address.
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dashboard/query.h"
#include "http/message.h"

namespace nadir::dashboard {

// A request with what its address says.
struct Call {
  const http::Request& request;
  std::vector<std::string> words;  // what stands for the '*' of the pattern
  Query query;

  // The word at `index` as a number below `size`. Throws Error{kNotFound}.
  [[nodiscard]] int64_t id(size_t index, int64_t size, const char* what) const;
};

// May throw Error; from any thread.
using Handler = std::function<http::Response(const Call& call)>;

class Router {
 public:
  // `pattern` is "/api/runs/*/pictures/*.png", where a '*' begins a word and
  // stands for what is not empty. Not while requests are answered.
  void add(
      const std::string& method, const std::string& pattern, Handler handler);

  // Whether some request of `path` has an answer, and by which methods:
  // "GET, PUT"; empty where there is none.
  [[nodiscard]] std::string methods(const std::string& path) const;

  // The answer. What a handler throws becomes a status and {"error": ...}: 400,
  // 404, or 500, which is logged.
  [[nodiscard]] http::Response answer(const http::Request& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> words;
    Handler handler;
  };

  std::vector<Route> routes_;
};

[[nodiscard]] http::Response json_response(const nlohmann::ordered_json& json);

// {"error": text}.
[[nodiscard]] http::Response error_response(
    int status, const std::string& text);

[[nodiscard]] http::Response png_response(std::string png);

[[nodiscard]] http::Response bytes_response(std::string bytes);

// Numbers as they lie in memory.
template <class T>
[[nodiscard]] http::Response numbers_response(const std::vector<T>& numbers) {
  std::string bytes(numbers.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes_response(std::move(bytes));
}

}  // namespace nadir::dashboard
