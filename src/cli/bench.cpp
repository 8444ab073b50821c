// `nadir bench`: how fast the hot paths are here, and how near to what
// the machine could do.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "bench/machine_bench.h"
#include "cli/commands.h"
#include "core/cpu.h"
#include "core/progress.h"
#include "core/text_table.h"
#include "scaling/jobs.h"

namespace nadir::cli {
namespace {

using nlohmann::json;

// Three digits or more, without an exponent.
std::string number(double value) {
  if (value >= 100) {
    return fmt::format("{:.0f}", value);
  }
  return value >= 10 ? fmt::format("{:.1f}", value)
                     : fmt::format("{:.2f}", value);
}

std::string limit_text(const bench::Row& row) {
  return row.limit_rate > 0
             ? fmt::format(
                   "{}, {} {}",
                   name_of(row.limit),
                   number(row.limit_rate),
                   unit_of(row.limit))
             : fmt::format("{}, not measured", name_of(row.limit));
}

// What was asked of the disk, where anything was.
std::string disk_text(const bench::DiskRate& disk) {
  if (disk.write_gbyte_per_s <= 0) {
    return "";
  }
  return fmt::format(
      "  disk: {} GB/s written and synchronised, {} GB/s read{}\n",
      number(disk.write_gbyte_per_s),
      number(disk.read_gbyte_per_s),
      disk.cached_share > 0.5 ? " (from the page cache, which the file system "
                                "would not drop)"
                              : "");
}

std::string text_of_report(const bench::MachineReport& report) {
  const auto cpu = read_cpu_info();
  TextTable table(
      {"name", "path", "rate", "unit", "repeats", "% of limit", "limit", ""});
  for (const auto& row : report.rows) {
    table.add_row(
        {row.name,
         row.path,
         number(row.rate),
         row.unit,
         std::to_string(row.repeats),
         row.limit_rate > 0 ? fmt::format("{:.1f}", 100 * row.share()) : "",
         limit_text(row),
         row.note});
  }
  return fmt::format(
      "{}{}, {} thread{}, float32; medians, took {}\n{}"
      "  others took {:.1f} % of the processors' time meanwhile{}\n\n{}",
      report.device == "cpu" ? "" : report.device + " of ",
      cpu.model,
      report.num_threads,
      report.num_threads == 1 ? "" : "s",
      format_duration(report.wall_s),
      disk_text(report.limits.disk),
      report.other_load * 100,
      report.other_load > scaling::kQuietLoad
          ? ": too much for figures that can be trusted"
          : "",
      table.text());
}

json json_of_row(const bench::Row& row) {
  json limit = {
      {"name", name_of(row.limit)},
      {"unit", unit_of(row.limit)},
      {"reached", row.reached}};
  limit["rate"] = row.limit_rate > 0 ? json(row.limit_rate) : json();
  limit["share"] = row.limit_rate > 0 ? json(row.share()) : json();
  return {
      {"name", row.name},
      {"path", row.path},
      {"rate", row.rate},
      {"cpu_ms_per_item",
       row.cpu_ms_per_item > 0 ? json(row.cpu_ms_per_item) : json()},
      {"unit", row.unit},
      {"repeats", row.repeats},
      {"spread", row.spread},
      {"limit", limit},
      {"note", row.note}};
}

// Keys: docs/formats/bench.md.
json json_of_report(const bench::MachineReport& report) {
  const auto cpu = read_cpu_info();
  json limits = json::object();
  const auto put = [&](const char* key, double value) {
    if (value > 0) {
      limits[key] = value;
    }
  };
  put("products_gflop_per_s", report.limits.products_gflop_per_s);
  put("bf16_products_gflop_per_s", report.limits.bf16_products_gflop_per_s);
  put("memory_gbyte_per_s", report.limits.memory_gbyte_per_s);
  put("memory_one_core_gbyte_per_s", report.limits.memory_one_core_gbyte_per_s);
  put("disk_write_gbyte_per_s", report.limits.disk.write_gbyte_per_s);
  put("disk_read_gbyte_per_s", report.limits.disk.read_gbyte_per_s);
  if (limits.contains("disk_read_gbyte_per_s")) {
    limits["disk_cached_share"] = report.limits.disk.cached_share;
  }
  json rows = json::array();
  for (const auto& row : report.rows) {
    rows.push_back(json_of_row(row));
  }
  return {
      {"processor", cpu.model},
      {"features", cpu.features},
      {"device", report.device},
      {"threads", report.num_threads},
      {"other_load", report.other_load},
      {"wall_s", report.wall_s},
      {"limits", limits},
      {"rows", rows}};
}

}  // namespace

Command add_bench(Command parent) {
  auto command = parent.add_command(
      "bench",
      "Measure the hot paths on this machine, each beside the limit of the\n"
      "machine that it is held against. Takes some minutes, 4 GB of memory "
      "and 1 GB of disk; data are made and removed again.");
  auto config = std::make_shared<bench::BenchConfig>();  // outlives the parse
  (void)command.add_fields(fields_of(*config));
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir bench\n"
      "  nadir bench --only views,shards,index --json\n"
      "  nadir bench --device cuda");
  command.on_run([config, as_json] {
    const auto report = bench::bench_machine(
        *config, std::filesystem::read_symlink("/proc/self/exe").string());
    if (*as_json) {
      print_json(json_of_report(report));
    } else {
      std::fputs(text_of_report(report).c_str(), stdout);
    }
  });
  return command;
}

}  // namespace nadir::cli
