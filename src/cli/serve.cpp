// `nadir serve`: the network behind HTTP, here or in a SageMaker container.
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/log.h"
#include "core/signals.h"
#include "http/server.h"
#include "serve/container.h"
#include "serve/served_model.h"
#include "serve/service.h"

namespace nadir::cli {
namespace {

// The platform kills 30 s after its signal.
constexpr auto kDrainPatience = std::chrono::seconds(25);

struct ServeOptions {
  serve::ServedModelOptions model;
  serve::ServeConfig server;
  std::string folder;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        folder,
        "model",
        "Folder with weights and perhaps a probe: a run, or what `nadir "
        "export` wrote; in a SageMaker container its model folder.");
    visit(
        model.features.weights,
        "weights",
        "Instead of --model: a run folder, a checkpoint, a safetensors file, "
        "or an official DINO .pth.");
    visit(
        model.probe,
        "probe",
        "A probe of `nadir eval linear`; its own weights are served unless "
        "others are given.");
    visit(
        model.outputs,
        "outputs",
        "labels, embedding or both; labels where there is a probe, else "
        "embedding, unless given.");
    visit(
        model.blocks,
        "blocks",
        "Last blocks whose CLS tokens are joined in the embedding.");
    visit(
        model.mean_patch,
        "mean_patch",
        "Join the mean of the last block's patch tokens to the embedding.");
    server.for_each(visit);
    visit(
        model.features.checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both; the teacher unless "
        "given.");
    visit(
        model.features.bands,
        "bands",
        "Bands of the images, in order, for weights that do not name theirs.");
    visit(
        model.features.normalization,
        "normalization",
        "Normalisation by name, for weights that carry none.");
    visit(
        model.features.resize_px,
        "resize_px",
        "Shorter side before the centre crop; -1 is crop_px * 256 / 224, 0 "
        "squeezes the whole image into the crop.");
    visit(
        model.features.crop_px,
        "crop_px",
        "Side of the square given to the network; 0 is the side it was trained "
        "with.");
    visit(model.features.device, "device", "cpu, cuda or cuda:N.");
    visit(model.features.precision, "precision", eval::kPrecisionHelp);
  }
};

// NADIR_SERVE_BATCH_SIZE for --batch-size, and so on: a container gets no
// flags.
void apply_environment(
    const Environment& environment, const std::vector<Field>& fields) {
  for (const auto& field : fields) {
    std::string name = "NADIR_SERVE_" + field.key;
    for (char& letter : name) {
      letter =
          static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    if (const auto value = environment(name)) {
      set_field(field, *value);
    }
  }
}

// Fills in which files are served; of s3:// their copies on this host.
void choose_model(ServeOptions& options, store::RemoteFiles& remote) {
  auto& weights = options.model.features.weights;
  auto& probe = options.model.probe;
  options.folder = remote_weights(remote, options.folder);
  weights = remote_weights(remote, weights);
  probe = remote.input(probe);
  if (!options.folder.empty()) {
    NADIR_CHECK(weights.empty(), "give --model or --weights, not both");
    const auto files = serve::find_model_files(options.folder);
    weights = files.weights;
    probe = probe.empty() ? files.probe : probe;
    return;
  }
  NADIR_CHECK(
      !weights.empty() || !probe.empty(),
      "say what to serve: --model FOLDER, --weights or --probe; see nadir "
      "serve --help");
  if (weights.empty()) {
    const auto saved = eval::load_probe(probe);
    weights = remote_weights(remote, saved.weights);
    options.model.features.checkpoint_key = saved.checkpoint_key;
    NADIR_CHECK(
        std::filesystem::exists(weights),
        "the weights {} of the probe {} are not there; say where they are with "
        "--weights",
        weights,
        probe);
  }
}

void print_start(
    const serve::ModelInfo& info, const std::string& url, bool as_json) {
  auto json = to_json(info);
  if (as_json) {
    json["url"] = url;
    print_json(nlohmann::json(json));
  } else {
    std::printf(
        "%s: %s of %s\n",
        url.c_str(),
        info.class_names.empty()
            ? info.embedding.c_str()
            : (std::to_string(info.class_names.size()) + " classes").c_str(),
        info.weights.c_str());
  }
  std::fflush(stdout);
}

void serve_until_signal(serve::Service& service, bool is_container) {
  while (caught_signal() == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  log_info("serve", "signal {}: finishing what was begun", caught_signal());
  if (!service.drain(kDrainPatience)) {
    log_warning("serve", "requests were left unanswered after 25 s");
  }
  if (is_container) {
    forget_signal();  // the platform takes any status but 0 for a failure
  }
}

void run(
    ServeOptions options,
    const FlagTexts& flags,
    store::RemoteFiles& remote,
    bool as_json) {
  const auto environment = process_environment();
  const auto fields = fields_of(options);
  const bool names_model = flags->contains("model") ||
                           flags->contains("weights") ||
                           flags->contains("probe");
  const auto container =
      names_model ? std::nullopt : serve::container_model_folder(environment);
  if (container) {
    serve::apply_container(environment, options.server);
  }
  apply_environment(environment, fields);
  apply_flags(fields, flags);
  serve::check_config(options.server, container.has_value());
  if (container && options.folder.empty() &&
      options.model.features.weights.empty()) {
    options.folder = container->string();
  }
  choose_model(options, remote);
  const serve::ServedModel model(options.model);
  serve::Service service(
      model.info(),
      [&model](std::span<float> views, int64_t count) {
        return model.forward(views, count);
      },
      options.server);
  print_start(
      model.info(), http::url_of(options.server.host, service.port()), as_json);
  serve_until_signal(service, container.has_value());
}

}  // namespace

void add_serve(Command parent) {
  auto command = parent.add_command(
      "serve", "Answer requests over HTTP with labels or features of images.");
  auto options = std::make_shared<ServeOptions>();  // outlives the parse
  const auto flags = command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir serve --probe runs/a/eval/linear --port 8080\n"
      "  curl -H 'Content-Type: image/png' --data-binary @patch.png "
      "localhost:8080/invocations");
  command.on_run([options, flags, remote, as_json] {
    run(*options, flags, *remote(), *as_json);
  });
}

}  // namespace nadir::cli
