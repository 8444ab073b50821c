// What every file of this room that calls GDAL needs: drivers registered once,
// and GDAL's messages caught instead of printed. Private to the room.
#pragma once

#include <string>

namespace nadir::raster {

// Registers GDAL's drivers at the first call. Thread-safe.
void register_gdal();

// Keeps the messages of GDAL and PROJ of this thread while it lives.
class GdalErrors {
 public:
  GdalErrors();
  ~GdalErrors();
  GdalErrors(const GdalErrors&) = delete;
  GdalErrors& operator=(const GdalErrors&) = delete;

  // Whether there was a message since construction.
  [[nodiscard]] bool is_any() const { return !text_.empty(); }

  // The first message since construction, or "GDAL gives no reason".
  [[nodiscard]] const std::string& text() const;

 private:
  std::string text_;
};

}  // namespace nadir::raster
