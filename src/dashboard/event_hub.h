// Server-Sent Events to all who listen
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "http/message.h"

namespace nadir::dashboard {

// `name` and `data` as an event's text.
[[nodiscard]] std::string event_text(
    const std::string& name, const nlohmann::ordered_json& data);

// From any thread.
class EventHub {
 public:
  // `greeting` goes to the new listener alone.
  void add(std::shared_ptr<http::BodyStream> listener, std::string greeting);

  void publish(const std::string& text);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<http::BodyStream>> listeners_;
};

}  // namespace nadir::dashboard
