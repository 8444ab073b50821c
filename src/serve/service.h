// The routes of the server, and what becomes of an invocation: decoded by
// workers, through the network in batches with others, written as asked.
#pragma once

#include <memory>

#include "serve/answer.h"
#include "serve/batcher.h"
#include "serve/serve_config.h"

namespace nadir::serve {

// Serves from the constructor to the destructor (docs/serving.md).
class Service {
 public:
  // `forward` gets views as `info` says and is called on one thread. Throws
  // Error{kInvalidArgument} on a configuration out of range, Error{kIo} where
  // the port cannot be had.
  Service(ModelInfo info, Batcher::Forward forward, const ServeConfig& config);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] int port() const;

  // From now on /ping and new invocations get 503; waits until those that were
  // begun are answered. False where that takes longer than `patience`.
  bool drain(std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::serve
