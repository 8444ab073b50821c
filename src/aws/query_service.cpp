#include "aws/query_service.h"

#include <string_view>

#include <pugixml.hpp>

#include "aws/call.h"
#include "core/error.h"

namespace nadir::aws {
namespace {

// The text of the first element of that name in the answer.
std::string ask_for(
    const Session& session,
    Service service,
    Query form,
    const std::string& element) {
  Call call;
  call.name = name_of(service) + " " + form.front().second;
  call.service = service;
  call.request.method = "POST";
  call.request.endpoint = session.endpoint(service);
  call.request.headers = {
      {"content-type", "application/x-www-form-urlencoded"}};
  call.request.body = query_text(form);
  const auto response = send_signed(session, call);
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const std::string text =
      document
          .find_node([&](const pugi::xml_node& node) {
            return std::string_view(node.name()) == element;
          })
          .child_value();
  if (text.empty()) {
    fail(
        ErrorCode::kIo,
        "{}: the answer names no {}; is this the service's address?",
        call.name,
        element);
  }
  return text;
}

}  // namespace

std::string caller_account(const Session& session) {
  return ask_for(
      session,
      Service::kSts,
      {{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}},
      "Account");
}

std::string role_arn(const Session& session, const std::string& role) {
  if (role.find('/') != std::string::npos || role.starts_with("arn:")) {
    return role;
  }
  return ask_for(
      session,
      Service::kIam,
      {{"Action", "GetRole"}, {"RoleName", role}, {"Version", "2010-05-08"}},
      "Arn");
}

}  // namespace nadir::aws
