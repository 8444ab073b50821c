#include "serve/invocation.h"

#include <algorithm>

#include "augment/view_maker.h"
#include "core/error.h"
#include "core/log.h"

namespace nadir::serve {
namespace {

// The test view, as `nadir embed` and `nadir predict` cut it.
std::vector<float> make_view(
    const raster::Image& image, const ModelInfo& info) {
  const auto& normalization = info.normalization;
  std::vector<float> view(
      normalization.bands.size() *
      static_cast<size_t>(info.crop_px * info.crop_px));
  augment::make_test_view(
      normalization.to_unit(image),
      info.resize_px,
      info.crop_px,
      normalization.mean,
      normalization.std,
      view);
  return view;
}

}  // namespace

Invocation::Invocation(
    const InvocationContext& context,
    http::Request request,
    http::Reply reply,
    BodyFormat body_format,
    AnswerFormat answer_format)
    : context_(context),
      request_(std::move(request)),
      reply_(std::move(reply)),
      body_format_(body_format),
      answer_format_(answer_format) {
  ++context_.in_flight;
}

Invocation::~Invocation() {
  leave();
}

void Invocation::leave() {
  if (is_in_flight_.exchange(false)) {
    --context_.in_flight;
  }
}

// Who has the answer may send the next request at once.
void Invocation::answer(http::Response response) {
  leave();
  reply_(std::move(response));
}

void Invocation::proceed() {
  try {
    proceed_or_throw();
  } catch (...) {
    refuse_for(std::current_exception());
  }
}

void Invocation::proceed_or_throw() {
  if (is_given_up()) {
    return;
  }
  if (error_) {  // no image is pending any more
    refuse_for(error_);
    return;
  }
  if (!images_) {
    images_ =
        open_images(body_format_, std::move(request_.body), context_.rules);
    outputs_.resize(static_cast<size_t>(images_->count));
  }
  if (next_ < images_->count) {
    submit_window();
    return;
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    NADIR_CHECK(
        outputs_[i].is_finite,
        "image {}: the network gives numbers that are not finite; its pixels "
        "are far from what it was trained on",
        i);
  }
  http::Response response;
  response.content_type = content_type(answer_format_);
  response.body = render(answer_format_, context_.info, outputs_);
  answer(std::move(response));
}

// Whoever ends the last image of the window goes on, here or in finish_one().
void Invocation::submit_window() {
  const int64_t begin = next_;
  const int64_t end = std::min(images_->count, begin + context_.window);
  next_ = end;
  num_pending_ = end - begin;
  context_.batcher.announce(end - begin);
  for (int64_t i = begin; i < end; ++i) {
    BatchItem item;
    try {
      item.view = make_view(images_->read(i), context_.info);
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        error_ = std::current_exception();
      }
      context_.batcher.withdraw(end - i);
      finish(end - i);
      return;
    }
    item.is_given_up = request_.is_given_up;
    item.done = [self = shared_from_this(), i](
                    ModelOutput* output, const std::exception_ptr& error) {
      self->finish_one(i, output, error);
    };
    context_.batcher.submit(std::move(item));
  }
}

void Invocation::finish_one(
    int64_t index, ModelOutput* output, const std::exception_ptr& error) {
  if (output != nullptr) {
    outputs_[static_cast<size_t>(index)] = std::move(*output);
  } else {
    const std::lock_guard lock(mutex_);
    error_ = error_  ? error_
             : error ? error
                     : std::make_exception_ptr(
                           Error(ErrorCode::kInternal, "the server is ending"));
  }
  finish(1);
}

void Invocation::finish(int64_t num_images) {
  if (num_pending_.fetch_sub(num_images) == num_images) {
    context_.workers.post_first(
        [self = shared_from_this()] { self->proceed(); });
  }
}

void Invocation::refuse(int status, const std::string& reason) {
  answer(http::text_response(status, reason));
}

// A request's own fault is 400, any other 500.
void Invocation::refuse_for(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    const bool is_ours = known.code() == ErrorCode::kIo ||
                         known.code() == ErrorCode::kInternal ||
                         known.code() == ErrorCode::kDistributed;
    if (is_ours) {
      log_error("serve", "an invocation failed: {}", known.what());
    }
    refuse(is_ours ? 500 : 400, known.what());
  } catch (const std::exception& unknown) {
    log_error("serve", "an invocation failed: {}", unknown.what());
    refuse(500, "the server failed at this request; its log says how");
  }
}

bool Invocation::is_given_up() const {
  return request_.is_given_up && request_.is_given_up->load();
}

}  // namespace nadir::serve
