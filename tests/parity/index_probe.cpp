// Writes an index as `nadir data index` does:
//   index_probe SRC OUT LISTS BOUNDARIES extended|raw [keep]
#include <cstdio>
#include <string>

#include "core/error.h"
#include "data/index.h"

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("usage: index_probe SRC OUT LISTS BOUNDARIES MODE\n", stderr);
    return 2;
  }
  try {
    nadir::data::IndexOptions options;
    options.source = argv[1];
    options.lists = argv[3];
    options.boundaries = argv[4];
    options.is_extended = std::string(argv[5]) == "extended";
    options.keeps_discouraged = argc > 6;
    nadir::data::write_index(
        argv[2], nadir::data::make_index(options).table);
  } catch (const nadir::Error& error) {
    std::fprintf(stderr, "index_probe: %s\n", error.what());
    return 1;
  }
  return 0;
}
