// One invocation on its way through workers and network. Private to the room.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/worker_pool.h"
#include "serve/batcher.h"
#include "serve/request_images.h"

namespace nadir::serve {

// What invocations share; outlives them.
struct InvocationContext {
  const ModelInfo& info;
  const ImageRules& rules;
  int64_t window = 32;  // images of one request in memory at a time
  Batcher& batcher;
  http::WorkerPool& workers;
  std::atomic<int64_t>& in_flight;
};

// Counts itself in context.in_flight until it is answered, and keeps itself
// alive until its answer is given or not wanted any more.
class Invocation : public std::enable_shared_from_this<Invocation> {
 public:
  Invocation(
      const InvocationContext& context,
      http::Request request,
      http::Reply reply,
      BodyFormat body_format,
      AnswerFormat answer_format);
  ~Invocation();
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  // To be called on a worker: takes the next images, or answers.
  void proceed();

 private:
  void proceed_or_throw();
  void submit_window();
  void finish_one(
      int64_t index, ModelOutput* output, const std::exception_ptr& error);
  void finish(int64_t num_images);
  void leave();
  void answer(http::Response response);
  void refuse(int status, const std::string& reason);
  void refuse_for(const std::exception_ptr& error);
  [[nodiscard]] bool is_given_up() const;

  InvocationContext context_;
  http::Request request_;
  std::atomic<bool> is_in_flight_ = true;
  http::Reply reply_;
  BodyFormat body_format_;
  AnswerFormat answer_format_;
  std::optional<RequestImages> images_;
  std::vector<ModelOutput> outputs_;
  int64_t next_ = 0;  // the first image that was not sent to the network
  std::atomic<int64_t> num_pending_ = 0;

  std::mutex mutex_;
  std::exception_ptr error_;  // the first; under mutex_
};

}  // namespace nadir::serve
