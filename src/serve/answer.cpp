#include "serve/answer.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/json.h"
#include "serve/npy.h"

namespace nadir::serve {
namespace {

void append_numbers(std::span<const float> values, std::string& text) {
  for (size_t i = 0; i < values.size(); ++i) {
    fmt::format_to(
        std::back_inserter(text), "{}{}", i == 0 ? "" : ",", values[i]);
  }
}

// Class names as JSON texts, made once an answer.
std::vector<std::string> quoted_names(const ModelInfo& info) {
  std::vector<std::string> quoted;
  for (const auto& name : info.class_names) {
    quoted.push_back(json_text(nlohmann::json(name)));
  }
  return quoted;
}

void append_object(
    const ModelOutput& output,
    const std::vector<std::string>& quoted,
    std::string& text) {
  text += '{';
  if (!output.probabilities.empty()) {
    text += "\"labels\":" + json_text(nlohmann::json(output.labels)) +
            ",\"probabilities\":{";
    for (size_t c = 0; c < quoted.size(); ++c) {
      fmt::format_to(
          std::back_inserter(text),
          "{}{}:{}",
          c == 0 ? "" : ",",
          quoted[c],
          output.probabilities[c]);
    }
    text += '}';
  }
  if (!output.embedding.empty()) {
    text += output.probabilities.empty() ? "" : ",";
    text += "\"embedding\":[";
    append_numbers(output.embedding, text);
    text += ']';
  }
  text += '}';
}

std::string render_json(
    const ModelInfo& info, std::span<const ModelOutput> outputs) {
  std::string text = "{";
  if (!info.thresholds.empty()) {
    nlohmann::ordered_json thresholds;
    for (size_t c = 0; c < info.class_names.size(); ++c) {
      thresholds[info.class_names[c]] = info.thresholds[c];
    }
    text += "\"thresholds\":" + json_text(thresholds) + ",";
  }
  text += "\"predictions\":[";
  const auto quoted = quoted_names(info);
  for (size_t i = 0; i < outputs.size(); ++i) {
    text += i == 0 ? "" : ",";
    append_object(outputs[i], quoted, text);
  }
  return text + "]}\n";
}

std::string render_lines(
    const ModelInfo& info, std::span<const ModelOutput> outputs) {
  std::string text;
  const auto quoted = quoted_names(info);
  for (const auto& output : outputs) {
    append_object(output, quoted, text);
    text += '\n';
  }
  return text;
}

std::vector<float> numbers_of(const ModelOutput& output) {
  auto numbers = output.probabilities;
  numbers.insert(
      numbers.end(), output.embedding.begin(), output.embedding.end());
  return numbers;
}

std::string render_csv(std::span<const ModelOutput> outputs) {
  std::string text;
  for (const auto& output : outputs) {
    append_numbers(numbers_of(output), text);
    text += '\n';
  }
  return text;
}

std::string render_npy(std::span<const ModelOutput> outputs) {
  std::vector<float> values;
  for (const auto& output : outputs) {
    const auto numbers = numbers_of(output);
    values.insert(values.end(), numbers.begin(), numbers.end());
  }
  return encode_npy(values, static_cast<int64_t>(outputs.size()));
}

// "text/csv" of " Text/CSV;q=0.5"; empty where it is refused with q=0.
std::string accepted_type(const std::string& item) {
  std::string type = item.substr(0, item.find(';'));
  std::erase_if(type, [](char letter) { return letter == ' '; });
  std::transform(type.begin(), type.end(), type.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  std::string rest = item.substr(std::min(item.find(';'), item.size()));
  std::erase_if(rest, [](char letter) { return letter == ' '; });
  const bool is_refused = rest == ";q=0" || rest == ";q=0.0";
  return is_refused ? "" : type;
}

}  // namespace

nlohmann::ordered_json to_json(const ModelInfo& info) {
  nlohmann::ordered_json json;
  json["weights"] = info.weights;
  json["weights_sha256"] = info.weights_sha256;
  json["precision"] = info.precision;
  json["bands"] = info.normalization.bands;
  json["normalization"] = data::to_json(info.normalization);
  json["resize_px"] = info.resize_px;
  json["crop_px"] = info.crop_px;
  if (!info.task.empty()) {
    json["task"] = info.task;
    json["classes"] = info.class_names;
    json["thresholds"] = info.thresholds;
  }
  if (!info.embedding.empty()) {
    json["embedding"] = info.embedding;
    json["embedding_dim"] = info.embedding_dim;
  }
  return json;
}

const char* content_type(AnswerFormat format) {
  switch (format) {
    case AnswerFormat::kJson:
      return "application/json";
    case AnswerFormat::kJsonLines:
      return "application/jsonlines";
    case AnswerFormat::kCsv:
      return "text/csv";
    case AnswerFormat::kNpy:
      break;
  }
  return "application/x-npy";
}

std::optional<AnswerFormat> choose_format(
    const std::string& accept, AnswerFormat preferred) {
  if (accept.find_first_not_of(' ') == std::string::npos) {
    return preferred;
  }
  for (const auto& item : split(accept, ',')) {
    const std::string type = accepted_type(item);
    if (type == "*/*" || type == "application/*") {
      return preferred;
    }
    if (type == "application/x-jsonlines") {
      return AnswerFormat::kJsonLines;
    }
    for (const auto format :
         {AnswerFormat::kJson,
          AnswerFormat::kJsonLines,
          AnswerFormat::kCsv,
          AnswerFormat::kNpy}) {
      if (type == content_type(format)) {
        return format;
      }
    }
  }
  return std::nullopt;
}

std::string render(
    AnswerFormat format,
    const ModelInfo& info,
    std::span<const ModelOutput> outputs) {
  switch (format) {
    case AnswerFormat::kJson:
      return render_json(info, outputs);
    case AnswerFormat::kJsonLines:
      return render_lines(info, outputs);
    case AnswerFormat::kCsv:
      return render_csv(outputs);
    case AnswerFormat::kNpy:
      break;
  }
  return render_npy(outputs);
}

}  // namespace nadir::serve
