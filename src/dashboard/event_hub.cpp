#include "dashboard/event_hub.h"

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace nadir::dashboard {

std::string event_text(
    const std::string& name, const nlohmann::ordered_json& data) {
  return "event: " + name + "\ndata: " + json_text(data) + "\n\n";
}

void EventHub::add(
    std::shared_ptr<http::BodyStream> listener, std::string greeting) {
  const std::lock_guard lock(mutex_);
  if (listener->write(std::move(greeting))) {
    listeners_.push_back(std::move(listener));
  }
}

void EventHub::publish(const std::string& text) {
  const std::lock_guard lock(mutex_);
  std::erase_if(
      listeners_, [&](const auto& listener) { return !listener->write(text); });
}

}  // namespace nadir::dashboard
