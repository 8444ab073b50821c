#include "dashboard/run_routes.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "dashboard/notes.h"

namespace nadir::dashboard {
namespace {

const WatchedRun& run_of(const RunWatch& runs, const Call& call) {
  return runs.run(call.id(0, runs.size(), "run"));
}

std::string text_field(const nlohmann::json& body, const char* key) {
  const auto found = body.is_object() ? body.find(key) : body.end();
  NADIR_CHECK(
      found != body.end() && found->is_string(),
      "the body must be JSON with the text \"{}\"",
      key);
  return found->get<std::string>();
}

http::Response put_notes(const WatchedRun& run, const Call& call) {
  NADIR_CHECK(
      call.request.content_type.starts_with("application/json"),
      "notes come as application/json, got '{}'",
      call.request.content_type);
  const auto body = parse_json_or_discard(call.request.body);
  switch (write_notes(
      run.folder(), text_field(body, "text"), text_field(body, "version"))) {
    case NotesWrite::kReadOnly:
      return error_response(403, "the run folder is read-only");
    case NotesWrite::kChangedMeanwhile:
      return error_response(
          409,
          "the notes were changed by someone else; copy yours, and load the "
          "page again");
    case NotesWrite::kWritten:
      break;
  }
  return json_response({{"version", read_notes(run.folder()).version}});
}

http::Response event_stream(const RunWatch& runs, EventHub& events) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.on_stream = [&runs, &events](auto stream) {
    events.add(
        std::move(stream),
        "retry: 1000\n" + event_text("runs", runs.summaries()));
  };
  return response;
}

}  // namespace

void add_run_routes(Router& router, const RunWatch& runs, EventHub& events) {
  router.add("GET", "/api/runs", [&runs](const Call&) {
    return json_response(runs.summaries());
  });
  router.add("GET", "/api/runs/differences", [&runs](const Call&) {
    return json_response(runs.differences());
  });
  router.add("GET", "/api/runs/*", [&runs](const Call& call) {
    return json_response(run_of(runs, call).details());
  });
  router.add("GET", "/api/runs/*/curves", [&runs](const Call& call) {
    return json_response(run_of(runs, call).curves(call.query));
  });
  router.add("GET", "/api/runs/*/pictures/*", [&runs](const Call& call) {
    return png_response(run_of(runs, call).picture(call.words[1]));
  });
  router.add("PUT", "/api/runs/*/notes", [&runs](const Call& call) {
    return put_notes(run_of(runs, call), call);
  });
  router.add("GET", "/api/events", [&runs, &events](const Call&) {
    return event_stream(runs, events);
  });
}

}  // namespace nadir::dashboard
