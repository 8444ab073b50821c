#include "dashboard/router.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::dashboard {
namespace {

std::vector<std::string> words_of(std::string_view path) {
  std::vector<std::string> words;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto word = path.substr(0, path.find('/'));
    words.push_back(percent_decoded(word));
    path.remove_prefix(word.size());
  }
  return words;
}

// What the '*' of a pattern's word stands for; nothing where it has none, or
// the word does not fit.
std::optional<std::string> starred(
    const std::string& wanted, const std::string& word) {
  if (!wanted.starts_with('*')) {
    return std::nullopt;
  }
  const auto ending = std::string_view(wanted).substr(1);
  if (word.size() <= ending.size() || !word.ends_with(ending)) {
    return std::nullopt;
  }
  return word.substr(0, word.size() - ending.size());
}

bool is_match(
    const std::vector<std::string>& pattern,
    const std::vector<std::string>& words) {
  return pattern.size() == words.size() &&
         std::equal(
             pattern.begin(),
             pattern.end(),
             words.begin(),
             [](const std::string& wanted, const std::string& word) {
               return wanted == word || starred(wanted, word).has_value();
             });
}

std::string method_of(const http::Request& request) {
  return request.method == "HEAD" ? "GET" : request.method;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    default:
      return 500;
  }
}

http::Response typed_response(std::string body, const char* type) {
  http::Response response;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

}  // namespace

int64_t Call::id(size_t index, int64_t size, const char* what) const {
  try {
    return whole_number(words.at(index), what, 0, size - 1);
  } catch (const Error&) {
    fail(
        ErrorCode::kNotFound,
        "there is no {} '{}': they count from 0, and there are {}",
        what,
        words.at(index),
        size);
  }
}

void Router::add(
    const std::string& method, const std::string& pattern, Handler handler) {
  routes_.push_back({method, words_of(pattern), std::move(handler)});
}

std::string Router::methods(const std::string& path) const {
  const auto words = words_of(path);
  std::string methods;
  for (const auto& route : routes_) {
    if (is_match(route.words, words)) {
      methods += (methods.empty() ? "" : ", ") + route.method;
    }
  }
  return methods;
}

http::Response Router::answer(const http::Request& request) const {
  const auto words = words_of(request.path);
  for (const auto& route : routes_) {
    if (route.method != method_of(request) || !is_match(route.words, words)) {
      continue;
    }
    Call call{.request = request, .words = {}, .query = Query(request.query)};
    for (size_t i = 0; i < words.size(); ++i) {
      if (auto word = starred(route.words[i], words[i])) {
        call.words.push_back(*std::move(word));
      }
    }
    try {
      return route.handler(call);
    } catch (const Error& error) {
      const int status = status_of(error.code());
      if (status == 500) {
        log_warning("dashboard", "{}: {}", request.path, error.what());
      }
      return error_response(status, error.what());
    } catch (const std::exception& error) {
      log_error("dashboard", "{}: {}", request.path, error.what());
      return error_response(500, error.what());
    }
  }
  return error_response(404, "there is nothing at " + request.path);
}

http::Response json_response(const nlohmann::ordered_json& json) {
  return typed_response(json_text(json), "application/json");
}

http::Response error_response(int status, const std::string& text) {
  auto response = json_response({{"error", text}});
  response.status = status;
  return response;
}

http::Response png_response(std::string png) {
  return typed_response(std::move(png), "image/png");
}

http::Response bytes_response(std::string bytes) {
  return typed_response(std::move(bytes), "application/octet-stream");
}

}  // namespace nadir::dashboard
